package mail

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/platform/pg"
)

// settleRetryDelay is the wait after the database could not be reached.
const settleRetryDelay = time.Second

// record settles results in batches until the channel is closed. What was sent
// is recorded even when ctx is done: an unrecorded mail is sent once more.
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
			due = time.After(settleDelay) //nolint:forbidigo // a pace, not a decision: it follows the machine
		}
		select {
		case r, open := <-results:
			if !open {
				flush()
				return errors.Join(errs...)
			}
			if pending = append(pending, r); len(pending) == batchSize {
				flush()
			}
		case <-due:
			flush()
		}
	}
}

// settle records results together. While the database is away it waits for it,
// as long as the claim lasts and ctx is not done: a repeat changes nothing that
// was recorded. When the database refuses, each result is recorded alone, so
// that the one at fault does not affect the others.
func (w *Worker) settle(ctx context.Context, results []result, until time.Time) error {
	if len(results) == 0 {
		return nil
	}
	err := w.settleOnce(ctx, results)
	for err != nil && databaseUnavailable(err) && ctx.Err() == nil && w.clock.Now().Before(until) {
		timer := w.clock.NewTimer(settleRetryDelay)
		select {
		case <-timer.C():
		case <-ctx.Done():
			timer.Stop()
		}
		err = w.settleOnce(ctx, results)
	}
	if err == nil || databaseUnavailable(err) || len(results) == 1 {
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

// databaseUnavailable reports that the database is at fault, and not a statement.
func databaseUnavailable(err error) bool {
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
			if err := w.recordDeadLetter(ctx, tx, r, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// recordDeadLetter gives a delivery up and tells the observers, unless its claim
// was lost.
func (w *Worker) recordDeadLetter(ctx context.Context, tx *pg.Tx, r result, now time.Time) error {
	owned, err := w.store.deadLetter(ctx, tx, r, now)
	if err != nil || !owned {
		return err
	}
	letter := DeadLetter{DeliveryID: r.ID, Template: r.Template, Attempt: r.Attempt, Reason: r.detail}
	for _, o := range w.observers {
		if err := o.DeadLettered(ctx, tx, letter); err != nil {
			return fmt.Errorf("tell %s of a dead letter: %w", o.Name(), err)
		}
	}
	tx.OnCommit(func() {
		w.metrics.attempt(ctx, r.outcome)
		w.metrics.deadLetter(ctx)
		w.log.Error("mail was given up",
			zap.Stringer("delivery_id", r.ID), zap.String("template", r.Template),
			zap.Int("attempt", r.Attempt), zap.String("reason", r.detail))
	})
	return nil
}
