package turn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/sanitize"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// How soon a run asks again for an engine that is being worked on, and for one
// that is down. Neither counts as an attempt.
const (
	busyDelay = time.Second
	downDelay = 5 * time.Second
)

// attempt is one claim of a run.
type attempt struct {
	run   Run
	claim outbox.Claim
	clock pace.Clock // as it was when the run was claimed
	log   *zap.Logger
}

// execute works one claimed run under the game's lease. What it cannot record is
// found again when the claim runs out.
func (r *Runner) execute(ctx context.Context, c outbox.Claim) {
	log := r.log.With(zap.Stringer("run_id", c.Key), zap.Int("attempt", c.Attempt))
	err := r.try(ctx, c, log)
	switch {
	case errors.Is(err, errClaimLost):
		log.Warn("run was taken over by another runner")
	case err != nil:
		log.Warn("run was interrupted", zap.Error(err))
	}
}

// try leases the engine before it decides by the clock: what it decides holds
// until the lease is released.
func (r *Runner) try(ctx context.Context, c outbox.Claim, log *zap.Logger) error {
	run, err := r.store.run(ctx, r.db, c.Key)
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	a := attempt{run: run, claim: c, log: log.With(zap.Stringer("game_id", run.GameID), zap.String("kind", run.Kind))}
	lease, leaseErr := r.leaser.Lease(ctx, run.GameID, r.cfg.lease())
	if leaseErr == nil {
		defer r.releaseLease(ctx, a, lease)
	}
	if a.clock, err = r.store.clock(ctx, r.db, run.GameID); err != nil {
		return fmt.Errorf("read clock: %w", err)
	}
	switch {
	case !a.wanted():
		return r.discard(ctx, a, "not_wanted")
	case errors.Is(leaseErr, runtime.ErrBusy):
		return r.releaseClaim(ctx, a, busyDelay)
	case leaseErr != nil: // down, or the database could not be asked
		return errors.Join(r.releaseClaim(ctx, a, downDelay), ignoreDown(leaseErr))
	case run.Kind == KindBanish:
		return r.banish(ctx, a)
	}
	return r.generate(ctx, a)
}

// wanted reports whether the clock still asks for what the run does.
func (a attempt) wanted() bool {
	if a.run.Kind == KindBanish {
		return a.clock.Status != pace.Stopped
	}
	return a.clock.Running() && a.run.Epoch == a.clock.Epoch && a.run.Target() == a.clock.Turn+1
}

func ignoreDown(err error) error {
	if errors.Is(err, runtime.ErrNotRunning) || errors.Is(err, runtime.ErrNotFound) {
		return nil
	}
	return fmt.Errorf("lease the engine: %w", err)
}

// generate asks the engine where it is, has it make the turn, and records it.
func (r *Runner) generate(ctx context.Context, a attempt) error {
	status, err := r.engine.Status(ctx, a.run.GameID)
	if err != nil {
		return r.handleFailure(ctx, a, nil, err)
	}
	at := status.At()
	switch {
	case status.State == enginev1.StateFailed:
		return r.handleFailure(ctx, a, nil, engine.ErrStateCorrupt)
	case !a.expects(status):
		return r.handleMismatch(ctx, a, at)
	}
	if at == a.clock.Turn { // one that is ahead has to be recorded
		if skipped, err := r.recheck(ctx, a, status); skipped || err != nil {
			return err
		}
	}
	begin := time.Now() //nolint:forbidigo // measured, decides nothing
	res, err := r.engine.Turn(ctx, a.run.GameID, a.run.Target())
	if err != nil {
		return r.handleFailure(ctx, a, &at, err)
	}
	err = r.record(ctx, a, at, res, time.Since(begin))
	if err != nil && !errors.Is(err, errClaimLost) {
		return r.handleFailure(ctx, a, &at, err)
	}
	return err
}

// expects reports whether the engine is at the clock's turn, or one ahead because
// the answer to an earlier attempt was not recorded. A game that had ended in its
// engine would have ended here.
func (a attempt) expects(s enginev1.Status) bool {
	switch s.At() {
	case a.clock.Turn:
		return s.State == enginev1.StateRunning
	case a.clock.Turn + 1:
		return s.State == enginev1.StateRunning || s.State == enginev1.StateFinished
	}
	return false
}

// handleFailure tries again later, or gives up: at once when the failure would
// repeat itself, else when the attempts are used up.
func (r *Runner) handleFailure(ctx context.Context, a attempt, engineTurn *int, cause error) error {
	res := failure(cause)
	res.EngineBefore = engineTurn
	a.log.Warn("attempt to generate a turn failed", zap.Error(cause))
	if a.claim.Attempt < r.cfg.MaxAttempts && !errors.Is(cause, engine.ErrTurnFailed) {
		r.metrics.runEnded(ctx, a.run.Kind, "retried")
		return r.retryLater(ctx, a, res)
	}
	return r.giveUp(ctx, a, res, game.GenerationFailed, notification.GenerationFailed{
		GameID: a.run.GameID, Turn: a.run.Target(), Reason: res.ErrorCode,
	})
}

// handleMismatch stops everything: neither side may be overwritten.
func (r *Runner) handleMismatch(ctx context.Context, a attempt, engineTurn int) error {
	res := runResult{
		EngineBefore: &engineTurn, ErrorCode: "state_mismatch",
		Error: fmt.Sprintf("the engine is at turn %d, the game at turn %d", engineTurn, a.clock.Turn),
	}
	return r.giveUp(ctx, a, res, game.StateMismatch, notification.StateMismatch{
		GameID: a.run.GameID, EngineTurn: engineTurn, Turn: a.clock.Turn,
	})
}

func (r *Runner) retryLater(ctx context.Context, a attempt, res runResult) error {
	next := r.clock.Now().Add(r.backoff.Next(a.claim.Attempt))
	return r.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		r.store.retryAt(tx, a.claim, next, res)
		return nil
	})
}

// giveUp ends the run, pauses the game and tells operators. An operator's resume
// makes the turn due at once.
func (r *Runner) giveUp(ctx context.Context, a attempt, res runResult, reason string,
	report notification.Payload,
) error {
	key := fmt.Sprintf("%s:run:%s", turnKey(a.clock), a.run.ID) // each run that fails is reported
	return r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := r.games.LockGame(ctx, tx, a.run.GameID)
		if err != nil {
			return fmt.Errorf("lock game %s: %w", a.run.GameID, err)
		}
		if ours, err := r.store.finish(ctx, tx, a.claim, RunFailed, res, nil, r.clock.Now()); err != nil || !ours {
			return orClaimLost(err)
		}
		if g.State == game.Running {
			if err := r.recorder.Pause(ctx, tx, g.ID, reason); err != nil {
				return fmt.Errorf("pause game %s: %w", g.ID, err)
			}
		}
		r.store.markDue(tx, g.ID)
		if err := r.notifier.Submit(ctx, tx, notification.Intent{Key: key, Payload: report}); err != nil {
			return err
		}
		tx.OnCommit(func() {
			r.metrics.runEnded(ctx, a.run.Kind, "failed")
			a.log.Error("turn was given up, the game is paused",
				zap.String("reason", reason), zap.String("error_code", res.ErrorCode))
		})
		return nil
	})
}

// discard ends a run that is not wanted any more.
func (r *Runner) discard(ctx context.Context, a attempt, code string) error {
	return r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		return r.store.discard(ctx, tx, a.claim, code, r.clock.Now())
	})
}

// releaseClaim has the run tried again after a while; the attempt does not count.
func (r *Runner) releaseClaim(ctx context.Context, a attempt, after time.Duration) error {
	return r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		_, err := runQueue.Release(ctx, tx, a.claim, r.clock.Now().Add(after), "status = 'queued'")
		return err
	})
}

// releaseLease works even when the run was cut short.
func (r *Runner) releaseLease(ctx context.Context, a attempt, l runtime.Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := r.leaser.Release(ctx, l); err != nil {
		a.log.Warn("lease was not released, it expires by itself", zap.Error(err))
	}
}

// failure is the result of an attempt that ended with an error. Its text is an
// engine's, and may be anything.
func failure(err error) runResult {
	return runResult{ErrorCode: fault.From(err).Reason, Error: sanitize.Line(err.Error())}
}
