package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

// sweepBatch is how many users are listed at once.
const sweepBatch = 200

// Sweeper writes down which sanctions, overrides and plans have ended, and erases
// accounts whose grace period is over. Nobody waits for it: readers judge by the
// time.
type Sweeper struct {
	*worker.Loop
	service *Service
	log     *zap.Logger
}

// NewSweeper makes the stopped sweeper.
func NewSweeper(s *Service, clk clock.Clock, cfg Config, log *zap.Logger) *Sweeper {
	w := &Sweeper{service: s, log: log}
	w.Loop = worker.NewLoop("user sweeper", cfg.SweepInterval, clk, log, func(ctx context.Context) (bool, error) {
		return false, w.RunOnce(ctx, clk.Now())
	})
	return w
}

// listUsersAfter lists the next users after one.
type listUsersAfter func(ctx context.Context, after uuid.UUID, n int) ([]uuid.UUID, error)

// RunOnce is one pass, as of now.
func (w *Sweeper) RunOnce(ctx context.Context, now time.Time) error {
	s := w.service
	withExpired := func(ctx context.Context, after uuid.UUID, n int) ([]uuid.UUID, error) {
		return s.store.withExpired(ctx, s.db, now, after, n)
	}
	toErase := func(ctx context.Context, after uuid.UUID, n int) ([]uuid.UUID, error) {
		return s.store.toErase(ctx, s.db, now.Add(-s.cfg.ErasureGrace), after, n)
	}
	return errors.Join(
		forEach(ctx, withExpired, func(ctx context.Context, id uuid.UUID) error { return s.writeExpiries(ctx, id, now) }),
		forEach(ctx, toErase, func(ctx context.Context, id uuid.UUID) error {
			erased, err := s.erase(ctx, id, now)
			if erased {
				w.log.Info("account erased", zap.Stringer("user_id", id))
			}
			return err
		}))
}

// forEach works on every listed user once, each in a transaction of their own.
// One that fails delays nobody: the list goes past them, and the next pass tries
// again.
func forEach(ctx context.Context, list listUsersAfter, work func(ctx context.Context, id uuid.UUID) error) error {
	var errs []error
	after := uuid.Nil
	for {
		page, err := list(ctx, after, sweepBatch)
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("list users to sweep: %w", err))...)
		}
		for _, id := range page {
			if ctx.Err() != nil {
				return errors.Join(append(errs, ctx.Err())...)
			}
			after = id
			errs = append(errs, work(ctx, id))
		}
		if len(page) < sweepBatch {
			return errors.Join(errs...)
		}
	}
}
