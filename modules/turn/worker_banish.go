package turn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/platform/pg"
)

// banish takes a race out of its engine. It never gives up: a member who was
// banned must not come back because an engine was down for a while.
func (r *Runner) banish(ctx context.Context, a attempt) error {
	begin := time.Now() //nolint:forbidigo // measured, decides nothing
	res, err := r.engine.Banish(ctx, a.run.GameID, *a.run.RaceName, a.run.Cause)
	switch {
	case errors.Is(err, engine.ErrRaceNotFound), errors.Is(err, engine.ErrGameFinished):
		return r.recordBanishment(ctx, a, RunFailed, failure(err), nil)
	case err != nil:
		a.log.Warn("attempt to banish a race failed", zap.Error(err))
		r.metrics.runEnded(ctx, a.run.Kind, "retried")
		return r.retryLater(ctx, a, failure(err))
	}
	out := runResult{EngineAfter: &res.Turn, Replayed: res.Replayed, Duration: time.Since(begin)}
	return r.recordBanishment(ctx, a, RunDone, out, &res.Turn)
}

// recordBanishment ends a run at the turn in which the race went, if it did.
func (r *Runner) recordBanishment(ctx context.Context, a attempt, status string, res runResult, turn *int) error {
	race := *a.run.RaceName
	return r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := r.games.LockGame(ctx, tx, a.run.GameID)
		if err != nil {
			return fmt.Errorf("lock game %s: %w", a.run.GameID, err)
		}
		if ours, err := r.store.finish(ctx, tx, a.claim, status, res, turn, r.clock.Now()); err != nil || !ours {
			return orClaimLost(err)
		}
		if err := r.excludeRace(ctx, tx, g, race); err != nil {
			return err
		}
		tx.OnCommit(func() {
			r.metrics.runEnded(ctx, a.run.Kind, status)
			a.log.Info("race was banished",
				zap.String("race_name", race), zap.String("cause", a.run.Cause), zap.String("outcome", status))
		})
		return nil
	})
}

// excludeRace has the turn under way wait for a race no longer, which may make it
// an early one.
func (r *Runner) excludeRace(ctx context.Context, tx *pg.Tx, g game.Game, race string) error {
	c, err := r.store.clock(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("clock of game %s: %w", g.ID, err)
	}
	r.store.deleteSubmission(tx, c, race)
	if !makesEarlyTurns(g) {
		return nil
	}
	members, err := r.games.MembershipsIn(ctx, tx, g.ID)
	if err != nil {
		return fmt.Errorf("memberships of game %s: %w", g.ID, err)
	}
	return r.queue.addEarly(ctx, tx, g, c, members)
}
