package runtime

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// duePeriod is how often the workers look for due games unasked: a signal that
// was lost costs this at most.
const duePeriod = 5 * time.Second

// Worker runs what keeps engines going: a loop that claims due games for a pool,
// one that compares the records with the driver's list, one that pulls images
// ahead, and a watch on the driver's hints.
type Worker struct {
	cfg       Config
	converger *Converger
	pool      *worker.Pool
	converge  *worker.Loop
	reconcile *worker.Loop
	prefetch  *worker.Loop
	watcher   *watcher
}

// NewWorker makes a stopped worker. due wakes convergence.
func NewWorker(
	cfg Config, db *pg.DB, clk clock.Clock, log *zap.Logger, host EngineHost, c *Converger, r *Reconciler, p *Prefetcher,
	due *worker.Signal, prefetch engineversion.PrefetchSignal,
) *Worker {
	w := &Worker{cfg: cfg, converger: c, pool: worker.NewPool(cfg.WorkerPoolSize, log)}
	w.converge = worker.NewLoop("runtime convergence", min(duePeriod, cfg.ReconcileInterval), clk, log,
		w.runOnce, worker.WithSignal(due))
	w.reconcile = worker.NewLoop("runtime reconciler", cfg.ReconcileInterval, clk, log, r.runOnce)
	w.prefetch = worker.NewLoop("runtime prefetch", cfg.ReconcileInterval, clk, log,
		p.runOnce, worker.WithSignal(prefetch.Signal))
	w.watcher = newWatcher(db, clk, log, host.Driver, due, w.reconcile.Wake)
	return w
}

// Start runs everything. What a crash left behind is due at once.
func (w *Worker) Start(ctx context.Context) error {
	return errors.Join(w.pool.Start(ctx), w.converge.Start(ctx), w.reconcile.Start(ctx), w.prefetch.Start(ctx),
		w.watcher.Start(ctx))
}

// Stop takes no more games and waits for the steps under way. Those that take
// too long are cut off and done again after the next start.
func (w *Worker) Stop(ctx context.Context) error {
	return errors.Join(w.watcher.Stop(ctx), w.prefetch.Stop(ctx), w.reconcile.Stop(ctx), w.converge.Stop(ctx),
		w.pool.Stop(ctx))
}

// runOnce claims no more games than can be worked on at once: a claim that waits
// would burn its lease.
func (w *Worker) runOnce(ctx context.Context) (again bool, err error) {
	n := min(w.pool.Free(), w.cfg.JobQueueSize)
	if n == 0 {
		return false, nil // the end of a task wakes the loop
	}
	claims, err := w.converger.claim(ctx, n)
	if err != nil {
		return false, err
	}
	for _, claim := range claims {
		task := func(ctx context.Context) {
			defer w.converge.Wake()
			w.converger.converge(ctx, claim)
		}
		if err := w.pool.Go(ctx, task); err != nil {
			w.converger.postpone(ctx, claim, err)
		}
	}
	return len(claims) == n && w.pool.Free() > 0, nil
}
