package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/lobby"
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

	f.setState(g, lobby.Paused, lobby.EventPaused)
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
