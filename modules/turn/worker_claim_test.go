package turn

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
)

// A process ends with its claim; its engine has answered or not. Another one
// takes over when the claim runs out.
func TestAnotherProcessTakesOverTheRunOfOneThatEnded(t *testing.T) {
	t.Parallel()
	for name, reached := range map[string]int{"before the engine was asked": 0, "after the engine had answered": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			g := f.startGame(hourly(), 2)
			f.submitAll(g)
			f.clock.Advance(time.Hour)
			require.Len(t, f.claim(), 1)
			if reached == 1 {
				_, err := f.engine.Turn(t.Context(), g.ID, 1)
				require.NoError(t, err)
			}
			f.run()
			require.Equal(t, 0, f.clockOf(g).Turn, "the claim is still good")
			f.expireClaims()

			other, _ := f.newRunner()
			f.runWith(other)
			require.Equal(t, 1, f.clockOf(g).Turn)
			require.Equal(t, map[int]int{1: 1}, f.engine.game(g.ID).generated)
			require.Equal(t, 1, f.notifier.Count(notification.KindGameTurnReady))
			require.Equal(t, reached == 1, f.runsOf(g)[0].Replayed)
		})
	}
}

// Two runners have the same run: the first one outlived its claim. Both have
// the engine's answer; one of them writes.
func TestTwoRunnersRecordOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.submitAll(g)
	f.clock.Advance(time.Hour)
	attempts := make([]attempt, 2)
	for i := range attempts {
		attempts[i] = f.attempt(f.claim()[0])
		f.expireClaims()
	}
	res, err := f.engine.Turn(t.Context(), g.ID, 1)
	require.NoError(t, err)
	results := make(chan error, 2)
	for _, a := range attempts {
		go func() { results <- f.runner.record(context.WithoutCancel(t.Context()), a, 0, res, time.Second) }()
	}
	errs := []error{<-results, <-results}
	require.Contains(t, errs, nil)
	require.True(t, errors.Is(errs[0], errClaimLost) || errors.Is(errs[1], errClaimLost), "%v", errs)
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Equal(t, 1, f.notifier.Count(notification.KindGameTurnReady))
	require.Len(t, f.games.recorded, 1)
}

// A runner that outlived its claim must not pause a game whose turn another
// one has made.
func TestRunnerWithoutItsClaimDecidesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	f.clock.Advance(time.Hour)
	late := f.attempt(f.claim()[0])
	f.expireClaims()
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)

	require.ErrorIs(t, f.runner.handleFailure(t.Context(), late, nil, engine.ErrTurnFailed), errClaimLost)
	require.Equal(t, game.Running, f.games.game(g.ID).State)
	require.Empty(t, f.notifier.Intents(notification.KindGenerationFailed))
	require.NoError(t, f.runner.handleFailure(t.Context(), late, nil, engine.ErrBusy))
	require.NoError(t, f.runner.releaseClaim(t.Context(), late, time.Second))
	require.NoError(t, f.runner.discard(t.Context(), late, "not_wanted"))
	require.Equal(t, RunDone, f.runsOf(g)[0].Status)
}

func TestClockMovesFromTheTurnBeforeOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	c := f.clockOf(g)
	for _, step := range []struct {
		by    int
		moves bool
	}{{0, false}, {2, false}, {1, true}, {1, false}} {
		next := c
		next.Turn += step.by
		f.inTx(func(ctx context.Context, tx *pg.Tx) error {
			moved, err := store{}.advanceClock(ctx, tx, next)
			require.Equal(t, step.moves, moved, "by %d", step.by)
			return err
		})
	}
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestOnlyAClockThatIsDueStillGetsARun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.inTx(func(_ context.Context, tx *pg.Tx) error {
		store{}.addDueRuns(tx, []uuid.UUID{uuid.Must(uuid.NewV7())}, []uuid.UUID{g.ID}, f.clock.Now())
		return nil
	})
	require.Empty(t, f.runsOf(g), "somebody moved the deadline after it was found due")
}
