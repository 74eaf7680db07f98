package lobby

import (
	"context"

	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// sweepBatch is how many invites one pass of the sweeper expires.
const sweepBatch = 100

// Sweeper expires invites that nobody answered in time.
type Sweeper struct {
	db    *pg.DB
	clock clock.Clock
	store store
	loop  *worker.Loop
}

// NewSweeper makes a stopped sweeper.
func NewSweeper(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config) *Sweeper {
	w := &Sweeper{db: db, clock: clk}
	w.loop = worker.NewLoop("lobby sweeper", cfg.SweepInterval, clk, log, w.RunOnce)
	return w
}

// Start starts the loop.
func (w *Sweeper) Start(ctx context.Context) error { return w.loop.Start(ctx) }

// Stop waits for the pass under way.
func (w *Sweeper) Stop(ctx context.Context) error { return w.loop.Stop(ctx) }

// RunOnce is one pass.
func (w *Sweeper) RunOnce(ctx context.Context) (again bool, err error) {
	var expired int64
	err = w.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		expired, err = w.store.expireInvites(ctx, tx, w.clock.Now(), sweepBatch)
		return err
	})
	return expired == sweepBatch, err
}
