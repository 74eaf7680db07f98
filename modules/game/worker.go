package game

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

// sweepBatch is how many games of a kind one pass of the sweeper settles.
const sweepBatch = 100

// Sweeper does what is due without a request: it closes enrollments, starts
// games that are full and stops the engines of finished games.
type Sweeper struct {
	service *Service
	clock   clock.Clock
	log     *zap.Logger
	ttl     time.Duration // how long the engine of a finished game stays up
	loop    *worker.Loop
}

// NewSweeper makes a stopped sweeper, which the signal wakes.
func NewSweeper(s *Service, clk clock.Clock, log *zap.Logger, cfg Config, signal *worker.Signal) *Sweeper {
	w := &Sweeper{service: s, clock: clk, log: log, ttl: cfg.FinishedEngineTTL}
	w.loop = worker.NewLoop("game sweeper", cfg.SweeperInterval, clk, log, w.RunOnce, worker.WithSignal(signal))
	return w
}

// Start starts the loop.
func (w *Sweeper) Start(ctx context.Context) error { return w.loop.Start(ctx) }

// Stop waits for the pass under way.
func (w *Sweeper) Stop(ctx context.Context) error { return w.loop.Stop(ctx) }

// RunOnce is one pass. Each game has a transaction of its own: one that cannot be
// settled is logged and delays nobody.
func (w *Sweeper) RunOnce(ctx context.Context) (again bool, err error) {
	now := w.clock.Now()
	due, err := w.service.gamesToSweep(ctx, now, sweepBatch)
	if err != nil {
		return false, err
	}
	ended, err := w.service.gamesToStop(ctx, now.Add(-w.ttl), sweepBatch)
	if err != nil {
		return false, err
	}
	done := w.settleEach(ctx, due, "enrollment not settled", w.service.settleEnrollment) +
		w.settleEach(ctx, ended, "engine of a finished game not stopped", w.service.stopEngine)
	return done > 0 && (len(due) >= sweepBatch || len(ended) >= sweepBatch), nil
}

// settleEach settles games one by one and counts those that it could.
func (w *Sweeper) settleEach(
	ctx context.Context, games []uuid.UUID, failed string, settle func(context.Context, uuid.UUID) error,
) (done int) {
	for _, id := range games {
		if err := settle(ctx, id); err != nil {
			w.log.Warn(failed, zap.Stringer("game_id", id), zap.Error(err))
			continue
		}
		done++
	}
	return done
}
