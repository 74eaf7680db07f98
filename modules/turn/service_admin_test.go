package turn

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/platform/httpx"
)

func TestOperatorAdvancesWithAndWithoutTheDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	ctx := operator(t)
	run, err := f.service.Advance(ctx, g.ID, true)
	require.NoError(t, err)
	require.Equal(t, "root", run.RequestedBy)
	again, err := f.service.Advance(ctx, g.ID, true)
	require.NoError(t, err)
	require.Equal(t, run.ID, again.ID, "the same run is the answer")
	f.clock.Advance(10 * time.Minute)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Equal(t, noon.Add(time.Hour), *f.clockOf(g).NextTurnAt)
	_, err = f.service.Advance(ctx, g.ID, false)
	require.NoError(t, err)
	f.run()
	require.Equal(t, 2, f.clockOf(g).Turn)
	require.Equal(t, f.clock.Now().Add(time.Hour), *f.clockOf(g).NextTurnAt)
	require.Len(t, f.auditor.Entries(), 3)
	require.Equal(t, "game.turn.advance", f.auditor.Entries()[0].Action)

	f.setState(g, game.Paused, game.EventPaused)
	_, err = f.service.Advance(ctx, g.ID, false)
	require.ErrorIs(t, err, ErrState)
}

func TestRetryExpeditesTheRunThatWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	_, err := f.service.Retry(t.Context(), g.ID)
	require.ErrorIs(t, err, ErrNoFailedRun)
	f.submitAll(g)
	f.engine.game(g.ID).failBefore = engine.ErrBusy
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, 0, f.clockOf(g).Turn)
	_, err = f.service.Retry(t.Context(), g.ID)
	require.NoError(t, err)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	runs, err := f.service.RunsOfTurn(t.Context(), g.ID, 1)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	_, err = f.service.RunsOfTurn(t.Context(), g.ID, 2)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestOperatorBanishesARace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	_, err := f.service.Banish(t.Context(), g.ID, "Nobody")
	require.ErrorIs(t, err, ErrRaceNotFound)
	run, err := f.service.Banish(t.Context(), g.ID, "Race1")
	require.NoError(t, err)
	again, err := f.service.Banish(t.Context(), g.ID, "Race1")
	require.NoError(t, err)
	require.Equal(t, run.ID, again.ID)
	f.run()
	require.Equal(t, []string{"Race1"}, f.engine.game(g.ID).banished)
}

func TestAuditSaysWhatAnOperatorAskedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	turn, err := f.service.Advance(operator(t), g.ID, true)
	require.NoError(t, err)
	banishment, err := f.service.Banish(operator(t), g.ID, "Race1")
	require.NoError(t, err)
	next := noon.Add(time.Hour)
	require.Equal(t, []admin.Entry{
		{
			Action: "game.turn.advance", Target: "game:" + g.ID.String(),
			Before: map[string]any{"turn": 0, "next_turn_at": &next},
			After:  map[string]any{"run_id": turn.ID, "turn": turn.Turn, "cause": CauseManual, "keep_deadline": true},
		},
		{
			Action: "game.race.banish", Target: "game:" + g.ID.String(),
			After: map[string]any{"run_id": banishment.ID, "race_name": "Race1"},
		},
	}, f.auditor.Entries())
}

func TestNothingIsQueuedThatCannotBeAudited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	full := errors.New("no room in the log")
	f.auditor.Fail(full)
	_, err := f.service.Advance(operator(t), g.ID, false)
	require.ErrorIs(t, err, full)
	_, err = f.service.Banish(operator(t), g.ID, "Race1")
	require.ErrorIs(t, err, full)
	_, err = f.service.Extend(operator(t), g.ID, uuid.Nil, noon.Add(2*time.Hour))
	require.ErrorIs(t, err, full)
	require.Empty(t, f.runsOf(g))
	require.Equal(t, noon.Add(time.Hour), *f.clockOf(g).NextTurnAt)
}

func TestRunSaysWhoAskedForIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	player := uuid.New()
	for want, ctx := range map[string]context.Context{
		"root":                    operator(t),
		"user:" + player.String(): httpx.WithCall(t.Context(), "req-2", player, httpx.Principal{}),
		"system":                  t.Context(),
	} {
		run, err := f.service.Advance(ctx, f.startGame(hourly(), 1).ID, false)
		require.NoError(t, err)
		require.Equal(t, want, run.RequestedBy)
		require.Equal(t, httpx.RequestID(ctx), run.RequestID)
	}
}

func TestRetryNeedsATurnThatFailed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	f.makeTurn(g)
	_, err := f.service.Retry(operator(t), g.ID)
	require.ErrorIs(t, err, ErrNoFailedRun, "the last one was made")

	f.engine.game(g.ID).failBefore = engine.ErrTurnFailed
	f.makeTurn(g)
	_, err = f.service.Retry(operator(t), g.ID)
	require.ErrorIs(t, err, ErrState, "the game is paused over it")
	f.setState(g, game.Running, game.EventResumed)
	run, err := f.service.Retry(operator(t), g.ID)
	require.NoError(t, err)
	require.Equal(t, CauseRetry, run.Cause)
	f.run()
	require.Equal(t, 2, f.clockOf(g).Turn)
	runs, err := f.service.RunsOfTurn(t.Context(), g.ID, 2)
	require.NoError(t, err)
	require.Equal(t, []string{RunDone, RunFailed}, []string{runs[0].Status, runs[1].Status}, "what failed is kept")
}

// A retry expedites; it does not make the turn of the clock the operator's own.
func TestRetryGivesBackAllAttemptsAndKeepsTheCause(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(time.Hour)
	for range config().MaxAttempts - 1 {
		f.engine.game(g.ID).failBefore = engine.ErrUnreachable
		f.run()
		f.clock.Advance(time.Minute)
	}
	f.clock.Advance(-time.Minute) // before the next attempt
	run, err := f.service.Retry(operator(t), g.ID)
	require.NoError(t, err)
	require.Equal(t, CauseDue, run.Cause)
	require.Equal(t, "clock", run.RequestedBy)
	f.engine.game(g.ID).failBefore = engine.ErrUnreachable
	f.run()
	require.Equal(t, RunQueued, f.runsOf(g)[0].Status, "it is the first attempt again")
	require.Equal(t, 1, f.runsOf(g)[0].Attempts)
}

func TestRunUnderWayIsTheAnswerAndStaysAsItIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(time.Hour)
	claims := f.claim()
	run, err := f.service.Advance(operator(t), g.ID, true)
	require.NoError(t, err)
	require.Equal(t, claims[0].Key, run.ID)
	require.Equal(t, RunRunning, run.Status)
	require.Equal(t, CauseDue, f.runsOf(g)[0].Cause)
	require.False(t, f.runsOf(g)[0].KeepDeadline)
}

func TestBanishmentNeedsAGameWithAnEngine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	_, err := f.service.Banish(operator(t), uuid.New(), "Race1")
	require.ErrorIs(t, err, game.ErrNotFound)
	f.setState(g, game.Paused, game.EventPaused)
	_, err = f.service.Banish(operator(t), g.ID, "Race1")
	require.NoError(t, err)
	f.run()
	require.Equal(t, []string{"Race1"}, f.engine.game(g.ID).banished, "a paused game's engine is there")
	f.setState(g, game.Cancelled, game.EventCancelled)
	_, err = f.service.Banish(operator(t), g.ID, "Race0")
	require.ErrorIs(t, err, ErrState)
}

func TestRunsOfAnUnknownGameAreNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.service.Runs(t.Context(), uuid.New(), uuid.Max, 10)
	require.ErrorIs(t, err, game.ErrNotFound)
	_, err = f.service.RunsOfTurn(t.Context(), uuid.New(), 1)
	require.ErrorIs(t, err, ErrNotFound)
}
