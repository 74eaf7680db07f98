package auth

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

const (
	sweepInterval = 10 * time.Minute
	sweepBatch    = 5_000
	// challengeRetention is a day, which the caps count, and another, which is the
	// longest life of a challenge.
	challengeRetention = 2 * day
)

// Sweeper deletes challenges that no cap counts any more.
type Sweeper struct {
	*worker.Loop
	service *Service
}

// NewSweeper makes the stopped sweeper.
func NewSweeper(s *Service, clk clock.Clock, log *zap.Logger) *Sweeper {
	w := &Sweeper{service: s}
	w.Loop = worker.NewLoop("auth sweeper", sweepInterval, clk, log, func(ctx context.Context) (bool, error) {
		return w.runOnce(ctx, clk.Now())
	})
	return w
}

// runOnce deletes one batch and asks to run again while there may be more.
func (w *Sweeper) runOnce(ctx context.Context, now time.Time) (again bool, err error) {
	var n int64
	err = w.service.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		n, err = w.service.store.deleteChallenges(ctx, tx, now.Add(-challengeRetention), sweepBatch)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("delete old challenges: %w", err)
	}
	return n == sweepBatch, nil
}
