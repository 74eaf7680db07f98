package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/worker"
)

func TestDueTurnIsMadeRecordedAndAnnouncedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.run()
	require.Empty(t, f.runsOf(g), "nothing is due")
	f.submitAll(g)
	f.clock.Advance(time.Hour)
	f.run()
	f.run()

	c := f.clockOf(g)
	require.Equal(t, 1, c.Turn)
	require.Equal(t, noon.Add(2*time.Hour), *c.NextTurnAt)
	require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).requested)
	ready := f.notifier.Intents(notification.KindGameTurnReady)
	require.Len(t, ready, 1)
	require.Len(t, ready[0].Recipients, 2)
	require.Equal(t, notification.GameTurnReady{GameRef: g.Ref(), Turn: 1, NextTurnAt: c.NextTurnAt}, ready[0].Payload)
	require.Equal(t, "game:"+g.ID.String()+":epoch:0:turn:1", ready[0].Key)
	require.Len(t, f.games.recorded, 1)
	require.Equal(t, "hash-1", f.games.recorded[0].StateHash)
	require.Equal(t, c.NextTurnAt, f.games.recorded[0].NextTurnAt)

	run := f.runsOf(g)[0]
	require.Equal(t, RunDone, run.Status)
	require.Equal(t, CauseDue, run.Cause)
	require.Equal(t, 0, *run.EngineBefore)
	require.Equal(t, 1, *run.EngineAfter)
	require.Equal(t, "hash-1", run.StateHash)
	require.False(t, run.Replayed)
	require.Equal(t, map[string]string{"Race0": pace.Received, "Race1": pace.Received}, f.outcomes(g, 0))
	require.Equal(t, map[string]string{"Race0": "", "Race1": ""}, f.outcomes(g, 1))
}

func TestManyGamesDueAtOnceAreEachMadeOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	games := make([]game.Game, 30)
	for i := range games {
		games[i] = f.startGame(hourly(), 1)
		f.submitAll(games[i])
	}
	f.clock.Advance(time.Hour)
	f.run()
	for _, g := range games {
		require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).requested)
		require.Equal(t, 1, f.clockOf(g).Turn)
	}
}

func TestAfterDowntimeOneTurnCatchesUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	f.clock.Advance(40 * 24 * time.Hour)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Equal(t, f.clock.Now().Add(time.Hour), *f.clockOf(g).NextTurnAt)
	f.clock.Advance(-time.Hour)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn, "a clock that goes back makes nothing due")
}

// The loop on its own: an alarm, not the sweep, makes a turn punctual.
func TestLoopWakesAtTheDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cfg := config()
	cfg.SweepInterval = 24 * time.Hour
	r, _ := f.newRunnerWith(cfg, worker.NewSignal())
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	made := make(chan struct{})
	f.engine.game(g.ID).during = func() { close(made) }
	require.NoError(t, r.Start(t.Context()))
	require.NoError(t, r.Start(t.Context()))
	f.clock.BlockUntil(2) // the loop and the alarm wait
	f.clock.Advance(time.Hour)
	<-made
	require.NoError(t, r.Stop(t.Context()))
	require.NoError(t, r.Stop(t.Context()))
	require.Equal(t, 1, f.clockOf(g).Turn, "what was under way was recorded before the stop")
}

// More games than one pass takes: the next pass follows at once.
func TestPassThatLeavesDueGamesAsksForAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.startGame(hourly(), 1)
	f.exec(`INSERT INTO games (game_id, created_by, visibility, name, description, state, min_players, max_players, join_policy,
    start_when_full, engine_version, turns, map, created_at, updated_at)
SELECT gen_random_uuid(), created_by, visibility, name, description, state, min_players, max_players, join_policy,
    start_when_full, engine_version, turns, map, created_at, updated_at FROM games, generate_series(1, $1)`, maxDuePerPass)
	f.exec(`INSERT INTO turn_clocks (game_id, turn, status, next_turn_at, turn_made_at, timing)
SELECT game_id, 0, 'running', $1, $1, '' FROM games ON CONFLICT DO NOTHING`, noon.Add(time.Hour))
	f.clock.Advance(time.Hour)
	f.leaser.fail = runtime.ErrNotRunning
	require.NoError(t, f.runner.pool.Start(t.Context()))
	again, err := f.runner.runOnce(t.Context())
	require.NoError(t, err)
	require.True(t, again)
	require.EqualValues(t, maxDuePerPass, f.count(`SELECT count(*) FROM turn_runs`))
	require.NoError(t, f.runner.pool.Stop(t.Context()))
	queued, err := f.runner.queueDue(t.Context(), f.clock.Now())
	require.NoError(t, err)
	require.Equal(t, 1, queued, "a game with a live run is due no more")
}

func TestRunThatAStoppedPoolCannotTakeIsFoundAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(time.Hour)
	_, err := f.runner.queueDue(t.Context(), f.clock.Now())
	require.NoError(t, err)
	_, err = f.runner.startRuns(t.Context(), f.clock.Now())
	require.ErrorIs(t, err, worker.ErrStopped)
	require.Equal(t, RunRunning, f.runsOf(g)[0].Status, "it was claimed in vain")
	f.expireClaims()
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestSignalWakesTheRunnerBeforeItsNextSweep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cfg := config()
	cfg.SweepInterval = 24 * time.Hour
	r, service := f.newRunnerWith(cfg, worker.NewSignal())
	g := f.startGame(schedule.Settings{Mode: schedule.Manual}, 1)
	made := make(chan struct{})
	f.engine.game(g.ID).during = func() { close(made) }
	require.NoError(t, r.Start(t.Context()))
	f.clock.BlockUntil(1) // the first pass is over
	_, err := service.Advance(t.Context(), g.ID, false)
	require.NoError(t, err)
	<-made
	require.NoError(t, r.Stop(t.Context()))
	require.Equal(t, 1, f.clockOf(g).Turn)
}
