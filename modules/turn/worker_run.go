package turn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/turn/internal/ledger"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// How soon a run asks again for an engine that is being worked on, and for one
// that is down. Neither counts as an attempt.
const (
	busyAgain = time.Second
	downAgain = 5 * time.Second
)

// Why a game is paused here; lobby's words.
const (
	pauseFailed   = "generation_failed"
	pauseMissed   = "all_missed"
	pauseMismatch = "state_mismatch"
)

// attempt is one claim of a run, on its way to an end.
type attempt struct {
	*Runner
	run   Run
	claim outbox.Claim
	base  Clock // as it was when the run was claimed
	log   *zap.Logger
}

// execute works one claimed run under the game's lease. What it cannot record is
// found again when the claim runs out.
func (r *Runner) execute(ctx context.Context, c outbox.Claim) {
	log := r.log.With(zap.Stringer("run_id", c.Key), zap.Int("attempt", c.Attempt))
	err := r.attempt(ctx, c, log)
	switch {
	case errors.Is(err, errLost):
		log.Warn("run was taken over by another runner")
	case err != nil:
		log.Warn("run was interrupted", zap.Error(err))
	}
}

func (r *Runner) attempt(ctx context.Context, c outbox.Claim, log *zap.Logger) error {
	run, err := r.store.Run(ctx, r.db, c.Key)
	if err != nil {
		return fmt.Errorf("read run: %w", err)
	}
	a := &attempt{Runner: r, run: run, claim: c, log: log.With(zap.Stringer("game_id", run.GameID), zap.String("kind", run.Kind))}
	lease, leaseErr := r.gate.Lease(ctx, run.GameID, r.cfg.lease())
	if leaseErr == nil {
		defer a.release(ctx, lease)
	}
	if a.base, err = r.store.clock(ctx, r.db, run.GameID); err != nil {
		return fmt.Errorf("read clock: %w", err)
	}
	switch {
	case !a.wanted():
		return a.drop(ctx, "not_wanted")
	case errors.Is(leaseErr, runtime.ErrBusy):
		return a.giveBack(ctx, busyAgain)
	case leaseErr != nil: // down, or the database could not be asked
		return errors.Join(a.giveBack(ctx, downAgain), unlessDown(leaseErr))
	case run.Kind == KindBanish:
		return a.banish(ctx)
	}
	return a.generate(ctx)
}

// wanted judges again, now that the run is claimed and the engine is ours.
func (a *attempt) wanted() bool {
	if a.run.Kind == KindBanish {
		return a.base.Status != pace.Stopped
	}
	return a.base.Running() && a.run.Epoch == a.base.Epoch && a.run.Target() == a.base.Turn+1
}

func unlessDown(err error) error {
	if errors.Is(err, runtime.ErrNotRunning) || errors.Is(err, runtime.ErrNotFound) {
		return nil
	}
	return fmt.Errorf("lease the engine: %w", err)
}

// generate asks the engine where it is, has it make the turn, and records it.
func (a *attempt) generate(ctx context.Context) error {
	status, err := a.engine.Status(ctx, a.run.GameID)
	if err != nil {
		return a.failed(ctx, nil, err)
	}
	at := status.At()
	switch {
	case status.State == enginev1.StateFailed:
		return a.failed(ctx, nil, engine.ErrStateCorrupt)
	case !a.fits(status):
		return a.mismatch(ctx, at)
	}
	if at == a.base.Turn { // one that is ahead has to be recorded
		if held, err := a.hold(ctx, status); held || err != nil {
			return err
		}
	}
	begin := time.Now() //nolint:forbidigo // measured, decides nothing
	res, err := a.engine.Turn(ctx, a.run.GameID, a.run.Target())
	if err != nil {
		return a.failed(ctx, &at, err)
	}
	err = a.record(ctx, at, res, time.Since(begin))
	if err != nil && !errors.Is(err, errLost) {
		return a.failed(ctx, &at, err)
	}
	return err
}

// fits judges where the engine is: at the clock's turn, or one ahead because the
// answer to an earlier attempt was not recorded. A game that had ended in its
// engine would have ended here.
func (a *attempt) fits(s enginev1.Status) bool {
	switch s.At() {
	case a.base.Turn:
		return s.State == enginev1.StateRunning
	case a.base.Turn + 1:
		return s.State == enginev1.StateRunning || s.State == enginev1.StateFinished
	}
	return false
}

// failed tries again later, or gives up: at once when the failure would repeat
// itself, else when the attempts are used up.
func (a *attempt) failed(ctx context.Context, before *int, cause error) error {
	res := result{Before: before, Code: fault.From(cause).Reason, Text: short(cause)}
	a.log.Warn("attempt to generate a turn failed", zap.Error(cause))
	if a.claim.Attempt < a.cfg.MaxAttempts && !errors.Is(cause, engine.ErrTurnFailed) {
		a.metrics.ended(ctx, a.run.Kind, "retried")
		return a.later(ctx, res)
	}
	return a.giveUp(ctx, res, pauseFailed, notification.Intent{
		Kind:    notification.KindGenerationFailed,
		Payload: map[string]any{"game_id": a.run.GameID.String(), "turn": a.run.Target(), "reason": res.Code},
	})
}

// mismatch stops everything: neither side may be overwritten.
func (a *attempt) mismatch(ctx context.Context, at int) error {
	res := result{Before: &at, Code: "state_mismatch", Text: fmt.Sprintf("the engine is at turn %d, the game at turn %d", at, a.base.Turn)}
	return a.giveUp(ctx, res, pauseMismatch, notification.Intent{
		Kind:    notification.KindStateMismatch,
		Payload: map[string]any{"game_id": a.run.GameID.String(), "engine_turn": at, "turn": a.base.Turn},
	})
}

func (a *attempt) later(ctx context.Context, res result) error {
	next := a.clock.Now().Add(a.backoff.Next(a.claim.Attempt))
	return a.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		a.store.Delay(tx, a.claim, next, res)
		return nil
	})
}

// giveUp ends the run, pauses the game and tells operators. An operator's resume
// makes the turn due at once.
func (a *attempt) giveUp(ctx context.Context, res result, reason string, in notification.Intent) error {
	in.Key = fmt.Sprintf("%s:run:%s", turnKey(a.base), a.run.ID) // every run that fails is news
	return a.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		g, err := a.games.LockGame(ctx, tx, a.run.GameID)
		if err != nil {
			return fmt.Errorf("lock game %s: %w", a.run.GameID, err)
		}
		if held, err := a.store.Finish(ctx, tx, a.claim, RunFailed, res, nil, a.clock.Now()); err != nil || !held {
			return lost(err)
		}
		if g.State == running {
			if err := a.games.Pause(ctx, tx, g.ID, reason); err != nil {
				return fmt.Errorf("pause game %s: %w", g.ID, err)
			}
		}
		a.store.owe(tx, g.ID)
		if err := a.notifier.Submit(ctx, tx, in); err != nil {
			return err
		}
		tx.OnCommit(func() {
			a.metrics.ended(ctx, a.run.Kind, "failed")
			a.log.Error("turn was given up, the game is paused", zap.String("reason", reason), zap.String("error_code", res.Code))
		})
		return nil
	})
}

// drop ends a run that nobody wants any more.
func (a *attempt) drop(ctx context.Context, code string) error {
	return a.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		return a.store.Drop(ctx, tx, a.claim, code, a.clock.Now())
	})
}

// giveBack returns the claim uncounted.
func (a *attempt) giveBack(ctx context.Context, after time.Duration) error {
	return a.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		_, err := ledger.Queue.Release(ctx, tx, a.claim, a.clock.Now().Add(after), "status = 'queued'")
		return err
	})
}

// release gives the game back even when the work was cut short.
func (a *attempt) release(ctx context.Context, l runtime.Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := a.gate.Release(ctx, l); err != nil {
		a.log.Warn("lease was not given back, it runs out by itself", zap.Error(err))
	}
}

// lost is err, or errLost when there is none.
func lost(err error) error {
	if err == nil {
		return errLost
	}
	return err
}

func short(err error) string {
	text := err.Error()
	if len(text) > 500 {
		text = text[:500]
	}
	return text
}
