package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
)

func TestBusyOrAbsentEngineCostsNoAttempt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	f.leaser.take(g.ID)
	f.clock.Advance(time.Hour)
	for range 10 {
		f.run()
		f.clock.Advance(10 * time.Second)
	}
	require.Equal(t, 0, f.runsOf(g)[0].Attempts)
	f.leaser.free(g.ID)
	f.leaser.fail = runtime.ErrNotRunning
	f.run()
	require.Equal(t, 0, f.runsOf(g)[0].Attempts)
	require.Equal(t, lobby.Running, f.games.game(g.ID).State)
	f.leaser.fail = nil
	f.clock.Advance(10 * time.Second)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestFailuresAreRetriedThenTheGameIsPaused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(time.Hour)
	for range config().MaxAttempts {
		f.engine.game(g.ID).failBefore = engine.ErrUnreachable
		f.run()
		f.clock.Advance(5 * time.Minute)
	}
	run := f.runsOf(g)[0]
	require.Equal(t, RunFailed, run.Status)
	require.Equal(t, 3, run.Attempts)
	require.Equal(t, "engine_unreachable", run.ErrorCode)
	require.Equal(t, lobby.GenerationFailed, f.games.game(g.ID).PauseReason)
	require.Len(t, f.notifier.Intents(notification.GenerationFailed), 1)
	require.Empty(t, f.notifier.Intents(notification.GameTurnReady), "players get no report of a failed run")

	f.setState(g, lobby.Running, lobby.EventResumed)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn, "the turn is due when the game resumes")
}

func TestDeterministicFailureIsNotRepeated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.engine.game(g.ID).failBefore = engine.ErrTurnFailed
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).requested)
	require.Equal(t, "turn_failed", f.runsOf(g)[0].ErrorCode)
	require.Equal(t, lobby.Paused, f.games.game(g.ID).State)
}

func TestEngineAtAnotherTurnPausesTheGame(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]int{"rolled back": 0, "foreign writer": 7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			g := f.startGame(hourly(), 1)
			for range 2 {
				f.submitAll(g)
				f.clock.Advance(time.Hour)
				f.run()
			}
			f.engine.game(g.ID).turn = at
			requested := len(f.engine.game(g.ID).requested)
			f.clock.Advance(time.Hour)
			f.run()
			require.Len(t, f.engine.game(g.ID).requested, requested, "nothing was written")
			require.Equal(t, lobby.StateMismatch, f.games.game(g.ID).PauseReason)
			in := f.notifier.Intents(notification.StateMismatch)
			require.Len(t, in, 1)
			require.Equal(t, at, in[0].Payload["engine_turn"])
			require.Equal(t, 2, in[0].Payload["turn"])
			require.Equal(t, "state_mismatch", f.runsOf(g)[0].ErrorCode)
			require.Equal(t, 2, f.clockOf(g).Turn)
		})
	}
}

// A run was queued, or even claimed, when the game paused.
func TestPauseOvertakesARun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(time.Hour)
	claims := f.claim()
	f.setState(g, lobby.Paused, lobby.EventPaused)
	f.runner.execute(t.Context(), claims[0])
	require.Empty(t, f.engine.game(g.ID).requested)
	require.Empty(t, f.runsOf(g), "it never reached the engine")
}

func TestPanicOfOneGameDelaysNoOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	bad, good := f.startGame(hourly(), 1), f.startGame(hourly(), 1)
	f.engine.game(bad.ID).during = func() { panic("the engine's client is broken") }
	f.submitAll(good)
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, 1, f.clockOf(good).Turn)
	require.Equal(t, 0, f.clockOf(bad).Turn)
	require.False(t, f.leaser.isHeld(bad.ID), "its lease was given back")
}
