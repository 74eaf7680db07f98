package runtime

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

// lookPeriod is how often the workers look for due games unasked: a wake-up
// that was lost costs this at most.
const lookPeriod = 5 * time.Second

// Worker runs the converger: a loop that claims due games for a pool, a loop
// that compares the table with the driver's list and pulls images ahead, and a
// watch on the driver's hints.
type Worker struct {
	c       *Converger
	log     *zap.Logger
	pool    *worker.Pool
	due     *worker.Loop
	compare *worker.Loop
	ahead   *worker.Loop
	watch   *watch
}

// NewWorker makes a stopped worker, and has requests wake it.
func NewWorker(c *Converger, prefetch engineversion.PrefetchSignal, clk clock.Clock, log *zap.Logger) *Worker {
	w := &Worker{c: c, log: log, pool: worker.NewPool(c.cfg.WorkerPoolSize, log)}
	w.due = worker.NewLoop("runtime convergence", min(lookPeriod, c.cfg.ReconcileInterval), clk, log, w.pass)
	w.compare = worker.NewLoop("runtime reconciler", c.cfg.ReconcileInterval, clk, log, c.reconcile)
	w.ahead = worker.NewLoop("runtime prefetch", c.cfg.ReconcileInterval, clk, log, c.prefetch, worker.WithSignal(prefetch.Signal))
	w.watch = newWatch(c, w.compare.Wake)
	c.Service.wake = w.due.Wake
	return w
}

// Start runs everything. What a crash left behind is due at once.
func (w *Worker) Start(ctx context.Context) error {
	return errors.Join(w.pool.Start(ctx), w.due.Start(ctx), w.compare.Start(ctx), w.ahead.Start(ctx), w.watch.Start(ctx))
}

// Stop takes no more games and waits for the steps under way. Those that take
// too long are cut off and done again after the next start.
func (w *Worker) Stop(ctx context.Context) error {
	return errors.Join(w.watch.Stop(ctx), w.ahead.Stop(ctx), w.compare.Stop(ctx), w.due.Stop(ctx), w.pool.Stop(ctx))
}

// pass claims no more games than can be worked on at once: a claim that waits
// would burn its lease.
func (w *Worker) pass(ctx context.Context) (again bool, err error) {
	n := min(w.pool.Free(), w.c.cfg.JobQueueSize)
	if n == 0 {
		return false, nil // the end of a task wakes the loop
	}
	claims, err := w.c.claim(ctx, n)
	if err != nil {
		return false, err
	}
	for _, claim := range claims {
		task := func(ctx context.Context) {
			defer w.due.Wake()
			w.c.converge(ctx, claim)
		}
		if err := w.pool.Go(ctx, task); err != nil {
			w.c.postpone(ctx, claim, err)
		}
	}
	return len(claims) == n && w.pool.Free() > 0, nil
}
