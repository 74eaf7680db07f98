package turn

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// sweepLimit is how many due games one pass queues.
const sweepLimit = 200

// Runner queues what is due and makes turns. Its pool is its own, so that slow
// image pulls never delay a turn.
type Runner struct {
	db       *pg.DB
	clock    clock.Clock
	log      *zap.Logger
	cfg      Config
	store    store
	games    Games
	seating  Seating
	gate     Gate
	engine   Generator
	notifier Notifier
	backoff  outbox.Backoff
	metrics  metrics

	signal *worker.Signal
	pool   *worker.Pool
	loop   *worker.Loop
	alarm  *worker.Alarm
}

// NewRunner makes a stopped runner that works when the signal is sent, at the
// deadlines of games, and every sweep interval.
func NewRunner(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config, games Games, seating Seating, gate Gate,
	engine Generator, notifier Notifier, signal *worker.Signal,
) (*Runner, error) {
	r := &Runner{
		db: db, clock: clk, log: log, cfg: cfg, games: games, seating: seating, gate: gate, engine: engine, notifier: notifier,
		backoff: outbox.Backoff{Base: cfg.RetryBase, Factor: 3, Max: 5 * time.Minute, Floor: 0.5},
		signal:  signal, pool: worker.NewPool(cfg.PoolSize, log), alarm: worker.NewAlarm(clk, signal.Send),
	}
	var err error
	if r.metrics, err = newMetrics(r); err != nil {
		return nil, err
	}
	r.loop = worker.NewLoop("turn clock", cfg.SweepInterval, clk, log, r.pass, worker.WithSignal(signal))
	return r, nil
}

// Start begins with whatever came due meanwhile.
func (r *Runner) Start(ctx context.Context) error {
	if err := r.pool.Start(ctx); err != nil {
		return err
	}
	r.alarm.Start()
	return r.loop.Start(ctx)
}

// Stop starts nothing more, and waits for the turns under way: an engine that
// was asked gets its answer recorded. What is cut short is found again by its
// lease.
func (r *Runner) Stop(ctx context.Context) error {
	err := r.loop.Stop(ctx)
	r.alarm.Stop()
	if e := r.pool.Stop(ctx); err == nil {
		err = e
	}
	return err
}

// pass queues due turns, hands claimed runs to free workers and sets the alarm
// to the next deadline.
func (r *Runner) pass(ctx context.Context) (again bool, err error) {
	now := r.clock.Now()
	queued, err := r.sweep(ctx, now)
	if err != nil {
		return false, err
	}
	started, err := r.dispatch(ctx, now)
	if err != nil {
		return false, err
	}
	next, err := r.store.earliest(ctx, r.db, now)
	if err != nil {
		return false, fmt.Errorf("look for the next deadline: %w", err)
	}
	if next != nil {
		r.alarm.Set(*next)
	}
	return queued == sweepLimit || started > 0 && r.pool.Free() > 0, nil
}

func (r *Runner) sweep(ctx context.Context, now time.Time) (int, error) {
	found := 0
	err := r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		due, err := r.store.due(ctx, tx, now, sweepLimit)
		if found = len(due); err != nil || found == 0 {
			return err
		}
		ids, games := make([]uuid.UUID, found), make([]uuid.UUID, found)
		for i, d := range due {
			games[i] = d.GameID
			if ids[i], err = uuid.NewV7(); err != nil {
				return err
			}
		}
		r.store.queueDue(tx, ids, games, now)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("queue due turns: %w", err)
	}
	return found, nil
}

func (r *Runner) dispatch(ctx context.Context, now time.Time) (int, error) {
	free := r.pool.Free()
	if free == 0 {
		return 0, nil
	}
	claims, err := runQueue.Claim(ctx, r.db, now, free, r.cfg.lease(), func(_ context.Context, tx *pg.Tx, claims []outbox.Claim) error {
		ids := make([]uuid.UUID, len(claims))
		for i, c := range claims {
			ids[i] = c.Key
		}
		r.store.markStarted(tx, ids, now)
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, c := range claims {
		err := r.pool.Go(ctx, func(ctx context.Context) {
			defer r.signal.Send() // a worker is free, and the next deadline is another one
			r.execute(ctx, c)
		})
		if err != nil { // stopping: the leases run out by themselves
			return 0, fmt.Errorf("hand out runs: %w", err)
		}
	}
	return len(claims), nil
}
