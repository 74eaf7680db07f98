package turn

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	enginev1 "galaxy/backend/proto/engine/v1"
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
	require.Equal(t, game.Running, f.games.game(g.ID).State)
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
	require.Equal(t, game.GenerationFailed, f.games.game(g.ID).PauseReason)
	require.Equal(t, 1, f.notifier.Count(notification.KindGenerationFailed))
	require.Empty(t, f.notifier.Intents(notification.KindGameTurnReady), "players get no report of a failed run")

	f.setState(g, game.Running, game.EventResumed)
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
	require.Equal(t, game.Paused, f.games.game(g.ID).State)
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
			require.Equal(t, game.StateMismatch, f.games.game(g.ID).PauseReason)
			in := f.notifier.Intents(notification.KindStateMismatch)
			require.Len(t, in, 1)
			require.Equal(t, notification.StateMismatch{GameID: g.ID, EngineTurn: at, Turn: 2}, in[0].Payload)
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
	f.setState(g, game.Paused, game.EventPaused)
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

func TestEngineThatDoesNotSayWhereItIsIsAskedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.engine.game(g.ID).failStatus = engine.ErrUnreachable
	f.clock.Advance(time.Hour)
	f.run()
	run := f.runsOf(g)[0]
	require.Equal(t, RunQueued, run.Status)
	require.Equal(t, "engine_unreachable", run.ErrorCode)
	require.Nil(t, run.EngineBefore, "nobody knows")
	require.Empty(t, f.engine.game(g.ID).requested)
	f.engine.game(g.ID).failStatus = nil
	f.clock.Advance(time.Minute)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestEngineInNoStateToGenerateIsNotAskedTo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*fakeEngineGame)
		code   string
		reason string // of the pause
	}{
		"its state is damaged": {
			func(e *fakeEngineGame) { e.state = enginev1.StateFailed }, "engine_state_corrupt", game.GenerationFailed,
		},
		"it has finished the game": {
			func(e *fakeEngineGame) { e.state = enginev1.StateFinished }, "state_mismatch", game.StateMismatch,
		},
		"it was never set up": {
			func(e *fakeEngineGame) { e.state, e.turn = enginev1.StateUninitialized, -1 }, "state_mismatch", game.StateMismatch,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			g := f.startGame(hourly(), 1)
			c.change(f.engine.game(g.ID))
			f.clock.Advance(time.Hour)
			for range config().MaxAttempts {
				f.run()
				f.clock.Advance(5 * time.Minute)
			}
			require.Empty(t, f.engine.game(g.ID).requested)
			require.Equal(t, c.code, f.runsOf(g)[0].ErrorCode)
			require.Equal(t, c.reason, f.games.game(g.ID).PauseReason)
		})
	}
}

func TestLeaseThatCannotBeAskedForCostsNoAttempt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	for _, err := range []error{runtime.ErrNotFound, errors.New("connection lost")} {
		f.leaser.fail = err
		f.clock.Advance(time.Hour)
		f.run()
		require.Equal(t, RunQueued, f.runsOf(g)[0].Status)
		require.Zero(t, f.runsOf(g)[0].Attempts)
	}
	require.Empty(t, f.engine.game(g.ID).requested)
}

func TestLeaseThatCannotBeReleasedStopsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.leaser.failRelease = errors.New("connection lost")
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestRunOfAnotherEpochIsNotWanted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGameWithWaitingRun(hourly())
	f.exec(`UPDATE turn_clocks SET epoch = 1, next_turn_at = next_turn_at + interval '1 day' WHERE game_id = $1`, g.ID)
	f.freeEngine(g)
	require.Empty(t, f.engine.game(g.ID).requested)
	require.Empty(t, f.runsOf(g))
}

// Its engine is ahead: what it did is recorded, wherever the deadline is by now.
func TestTurnThatExistsIsRecordedThoughItsDeadlineMoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	f.engine.game(g.ID).failAfter = engine.ErrUnreachable
	f.clock.Advance(time.Hour)
	f.run()
	_, err := f.service.Extend(t.Context(), g.ID, uuid.Nil, noon.Add(3*time.Hour))
	require.NoError(t, err)
	f.clock.Advance(time.Minute)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.True(t, f.runsOf(g)[0].Replayed)
	require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).generated)
}

// An operator paused the game while the last attempt was under way.
func TestTurnThatIsGivenUpKeepsThePauseThatIsThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.engine.game(g.ID).failAfter = engine.ErrTurnFailed
	f.engine.game(g.ID).during = func() { f.setState(g, game.Paused, game.EventPaused) }
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, RunFailed, f.runsOf(g)[0].Status)
	require.Equal(t, game.ByUser, f.games.game(g.ID).PauseReason)
	require.Zero(t, *f.clockOf(g).PauseRemaining, "the turn is due when the game resumes")
	in := f.notifier.Intents(notification.KindGenerationFailed)
	require.Len(t, in, 1)
	require.Equal(t, notification.GenerationFailed{GameID: g.ID, Turn: 1, Reason: "turn_failed"}, in[0].Payload)
}

func TestEachRunThatIsGivenUpIsReported(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	for range 2 {
		f.engine.game(g.ID).failBefore = engine.ErrTurnFailed
		f.makeTurn(g)
		f.setState(g, game.Running, game.EventResumed)
	}
	in := f.notifier.Intents(notification.KindGenerationFailed)
	require.Len(t, in, 2)
	require.NotEqual(t, in[0].Key, in[1].Key)
}

// Postgres takes neither half a character nor a zero byte: a failure that could
// not be recorded would be tried for ever.
func TestFailureIsRecordedWhateverItsText(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(time.Hour)
	for i, text := range []string{strings.Repeat("\u00e9", 700), "half a character \xc3", "a zero byte \x00"} {
		f.engine.game(g.ID).failBefore = engine.ErrFailed.Because(errors.New("x" + text))
		f.run()
		run := f.runsOf(g)[0]
		require.Equal(t, i+1, run.Attempts)
		require.Equal(t, "engine_failed", run.ErrorCode)
		require.NotEmpty(t, run.Error)
		f.clock.Advance(5 * time.Minute)
	}
	require.Equal(t, game.Paused, f.games.game(g.ID).State)
}
