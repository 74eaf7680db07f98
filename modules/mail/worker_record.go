package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/platform/pg"
)

// settleAgain is the wait after the database could not be asked.
const settleAgain = time.Second

// record settles results in batches until the channel is closed. What was sent
// is recorded whoever hurries: an unrecorded mail is sent once more.
func (w *Worker) record(ctx context.Context, results <-chan result) error {
	until := w.clock.Now().Add(lease)
	var pending []result
	var errs []error
	flush := func() {
		errs = append(errs, w.settle(ctx, pending, until))
		pending = nil
	}
	for {
		var due <-chan time.Time
		if len(pending) > 0 {
			due = time.After(settleAfter) //nolint:forbidigo // a pace, not a decision: it follows the machine
		}
		select {
		case r, open := <-results:
			if !open {
				flush()
				return errors.Join(errs...)
			}
			if pending = append(pending, r); len(pending) == batch {
				flush()
			}
		case <-due:
			flush()
		}
	}
}

// settle records results together. While the database is away it waits for it,
// as long as the claim lasts and nobody hurries: a repeat changes nothing that
// was recorded. When it refuses, each result is recorded alone, so that the one
// at fault costs the others nothing.
func (w *Worker) settle(ctx context.Context, results []result, until time.Time) error {
	if len(results) == 0 {
		return nil
	}
	err := w.settleOnce(ctx, results)
	for err != nil && away(err) && ctx.Err() == nil && w.clock.Now().Before(until) {
		timer := w.clock.NewTimer(settleAgain)
		select {
		case <-timer.C():
		case <-ctx.Done():
			timer.Stop()
		}
		err = w.settleOnce(ctx, results)
	}
	if err == nil || away(err) || len(results) == 1 {
		if err != nil {
			err = fmt.Errorf("settle %d deliveries: %w", len(results), err)
		}
		return err
	}
	var errs []error
	for i := range results {
		errs = append(errs, w.settle(ctx, results[i:i+1], until))
	}
	return errors.Join(errs...)
}

// away reports that the database, and not what it was told, is at fault.
func away(err error) bool {
	return errors.Is(err, pg.ErrUnavailable) || errors.Is(err, pg.ErrOutcomeUnknown)
}

func (w *Worker) settleOnce(ctx context.Context, results []result) error {
	now := w.clock.Now()
	return w.db.InTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *pg.Tx) error {
		for _, r := range results {
			if r.status != DeadLettered {
				w.store.settle(tx, r, now)
				tx.OnCommit(func() { w.metrics.attempt(ctx, r.outcome) })
				continue
			}
			if err := w.giveUp(ctx, tx, r, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Worker) giveUp(ctx context.Context, tx *pg.Tx, r result, now time.Time) error {
	held, err := w.store.bury(ctx, tx, r, now)
	if err != nil || !held {
		return err
	}
	dead := DeadLetter{DeliveryID: r.ID, Template: r.Template, Attempt: r.Attempt, Reason: r.detail}
	for _, o := range w.observers {
		if err := o.DeadLettered(ctx, tx, dead); err != nil {
			return fmt.Errorf("tell %s of a dead letter: %w", o.Name(), err)
		}
	}
	tx.OnCommit(func() {
		w.metrics.attempt(ctx, r.outcome)
		w.metrics.dead(ctx)
		w.log.Error("mail was given up", zap.Stringer("delivery_id", r.ID), zap.String("template", r.Template),
			zap.Int("attempt", r.Attempt), zap.String("reason", r.detail))
	})
	return nil
}
