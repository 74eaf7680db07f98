package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
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
	ready := f.notifier.Intents(notification.GameTurnReady)
	require.Len(t, ready, 1)
	require.Len(t, ready[0].Recipients, 2)
	require.Equal(t, 1, ready[0].Payload["turn"])
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
	games := make([]lobby.Game, 30)
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
