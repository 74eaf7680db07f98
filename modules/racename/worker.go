package racename

import (
	"context"

	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

// sweepBatch is how many names one pass of the sweeper releases.
const sweepBatch = 100

// Sweeper releases the names that nobody registered in time.
type Sweeper struct {
	service *Service
	clock   clock.Clock
	log     *zap.Logger
	loop    *worker.Loop
}

// NewSweeper makes a stopped sweeper.
func NewSweeper(s *Service, clk clock.Clock, log *zap.Logger, cfg Config) *Sweeper {
	w := &Sweeper{service: s, clock: clk, log: log}
	w.loop = worker.NewLoop("race name sweeper", cfg.SweepInterval, clk, log, w.RunOnce)
	return w
}

// Start starts the loop.
func (w *Sweeper) Start(ctx context.Context) error { return w.loop.Start(ctx) }

// Stop waits for the pass under way.
func (w *Sweeper) Stop(ctx context.Context) error { return w.loop.Stop(ctx) }

// RunOnce is one pass. Each name has a transaction of its own: one that cannot be
// released is logged and delays nobody.
func (w *Sweeper) RunOnce(ctx context.Context) (again bool, err error) {
	now := w.clock.Now()
	ids, err := w.service.expired(ctx, now, sweepBatch)
	if err != nil {
		return false, err
	}
	released := 0
	for _, id := range ids {
		if err := w.service.expire(ctx, id, now); err != nil {
			w.log.Warn("race name not released", zap.Stringer("race_name_id", id), zap.Error(err))
			continue
		}
		released++
	}
	return len(ids) == sweepBatch && released > 0, nil
}
