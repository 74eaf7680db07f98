package turn

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
)

// The guards stand one behind the other; these tests take each of them alone.

func TestClockMovesFromTheTurnBeforeOnly(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	c := w.clockOf(g)
	for skip, want := range map[int]bool{1: true, 0: false, 2: false} {
		next := c
		next.Turn += skip
		w.in(func(ctx context.Context, tx *pg.Tx) error {
			moved, err := store{}.advanceClock(ctx, tx, next)
			require.Equal(t, want, moved, "by %d", skip)
			if want { // put it back: the order of the map is not ours
				_, err = tx.Exec(ctx, `UPDATE turn_clocks SET turn = $2 WHERE game_id = $1`, g.ID, c.Turn)
			}
			return err
		})
	}
}

// A runner that overslept its claim must not pause a game whose turn another
// one has made.
func TestRunnerWithoutItsClaimDecidesNothing(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.moves(g)
	w.clock.Advance(time.Hour)
	_, err := w.runner.queueDue(t.Context(), w.clock.Now())
	require.NoError(t, err)
	claims, err := runQueue.Claim(t.Context(), w.db, w.clock.Now(), 1, time.Minute, nil)
	require.NoError(t, err)
	run, err := store{}.run(t.Context(), w.db, claims[0].Key)
	require.NoError(t, err)
	late := attempt{run: run, claim: claims[0], clock: w.clockOf(g), log: w.runner.log}
	w.exec(`UPDATE turn_runs SET lease_until = clock_timestamp() - interval '1 second' WHERE game_id = $1`, g.ID)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)

	require.ErrorIs(t, w.runner.failed(t.Context(), late, nil, engine.ErrTurnFailed), errClaimLost)
	require.Equal(t, game.Running, w.lobby.peek(g.ID).State)
	require.Empty(t, w.mail.of(notification.KindGenerationFailed))
	require.NoError(t, w.runner.failed(t.Context(), late, nil, engine.ErrBusy))
	require.NoError(t, w.runner.releaseClaim(t.Context(), late, time.Second))
	require.NoError(t, w.runner.discard(t.Context(), late, "not_wanted"))
	require.Equal(t, RunDone, w.runsOf(g)[0].Status)
}

func TestDuenessIsJudgedByTheRowAsItIs(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.in(func(_ context.Context, tx *pg.Tx) error {
		store{}.addDueRuns(tx, []uuid.UUID{uuid.Must(uuid.NewV7())}, []uuid.UUID{g.ID}, w.clock.Now())
		return nil
	})
	require.Empty(t, w.runsOf(g), "somebody moved the deadline after it was found due")
}

// An early turn is overtaken by a pause. The deadline had not come, but its
// engine is ahead: waiting would lock the players out.
func TestEarlyTurnOvertakenByAPauseIsOwed(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 1)
	w.moves(g)
	_, err := w.service.Advance(t.Context(), g.ID, false)
	require.NoError(t, err)
	w.engine.get(g.ID).during = func() { w.move(g, game.Paused, game.EventPaused) }
	w.settle()
	require.Equal(t, 0, w.clockOf(g).Turn)
	require.Zero(t, *w.clockOf(g).PauseRemaining)
	w.move(g, game.Running, game.EventResumed)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
	require.Equal(t, map[int]int{1: 1}, w.engine.get(g.ID).made)
}
