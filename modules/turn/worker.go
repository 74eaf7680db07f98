package turn

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

// maxDuePerPass is how many due games one pass queues.
const maxDuePerPass = 200

// Runner queues turns that are due and makes those that are queued. Its pool is
// its own, so that slow image pulls never delay a turn.
type Runner struct {
	db       *pg.DB
	clock    clock.Clock
	log      *zap.Logger
	cfg      Config
	store    store
	games    Games
	recorder GameRecorder
	reader   GameReader
	leaser   EngineLeaser
	engine   Generator
	notifier Notifier
	queue    enqueuer
	backoff  outbox.Backoff
	metrics  metrics

	signal *worker.Signal
	pool   *worker.Pool
	loop   *worker.Loop
	alarm  *worker.Alarm
}

// NewRunner makes a stopped runner that works when the signal is sent, at the
// deadlines of games, and every sweep interval.
func NewRunner(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config,
	games Games, reader GameReader, recorder GameRecorder,
	leaser EngineLeaser, engine Generator, notifier Notifier, signal *worker.Signal,
) (*Runner, error) {
	r := &Runner{
		db: db, clock: clk, log: log, cfg: cfg,
		games: games, reader: reader, recorder: recorder, leaser: leaser, engine: engine, notifier: notifier,
		queue:   enqueuer{clock: clk, signal: signal},
		backoff: outbox.Backoff{Base: cfg.RetryBase, Factor: 3, Max: 5 * time.Minute, Floor: 0.5},
		signal:  signal, pool: worker.NewPool(cfg.PoolSize, log), alarm: worker.NewAlarm(clk, signal.Send),
	}
	var err error
	if r.metrics, err = newMetrics(otel.Meter("galaxy/turn"), r); err != nil {
		return nil, err
	}
	r.loop = worker.NewLoop("turn clock", cfg.SweepInterval, clk, log, r.runOnce, worker.WithSignal(signal))
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
// was asked gets its answer recorded. What is cut short is found again when its
// claim runs out.
func (r *Runner) Stop(ctx context.Context) error {
	err := r.loop.Stop(ctx)
	r.alarm.Stop()
	if e := r.pool.Stop(ctx); err == nil {
		err = e
	}
	return err
}

// runOnce queues due turns, hands claimed runs to free workers and sets the
// alarm to the next deadline.
func (r *Runner) runOnce(ctx context.Context) (again bool, err error) {
	now := r.clock.Now()
	queued, err := r.queueDue(ctx, now)
	if err != nil {
		return false, err
	}
	started, err := r.startRuns(ctx, now)
	if err != nil {
		return false, err
	}
	next, err := r.store.nextDeadline(ctx, r.db, now)
	if err != nil {
		return false, fmt.Errorf("look for the next deadline: %w", err)
	}
	if next != nil {
		r.alarm.Set(*next)
	}
	return queued == maxDuePerPass || started > 0 && r.pool.Free() > 0, nil
}

// queueDue adds a run for every game whose deadline has come, up to the limit of
// a pass, and returns how many there are.
func (r *Runner) queueDue(ctx context.Context, now time.Time) (int, error) {
	found := 0
	err := r.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		due, err := r.store.dueClocks(ctx, tx, now, maxDuePerPass)
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
		r.store.addDueRuns(tx, ids, games, now)
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("queue due turns: %w", err)
	}
	return found, nil
}

// startRuns claims as many runs as there are free workers.
func (r *Runner) startRuns(ctx context.Context, now time.Time) (int, error) {
	free := r.pool.Free()
	if free == 0 {
		return 0, nil
	}
	claims, err := r.claim(ctx, now, free)
	if err != nil {
		return 0, err
	}
	for _, c := range claims {
		err := r.pool.Go(ctx, func(ctx context.Context) {
			defer r.signal.Send() // a worker is free, and the next deadline is another one
			r.execute(ctx, c)
		})
		if err != nil { // stopping: the claims run out by themselves
			return 0, fmt.Errorf("hand out runs: %w", err)
		}
	}
	return len(claims), nil
}

func (r *Runner) claim(ctx context.Context, now time.Time, limit int) ([]outbox.Claim, error) {
	started := func(_ context.Context, tx *pg.Tx, claims []outbox.Claim) error {
		ids := make([]uuid.UUID, len(claims))
		for i, c := range claims {
			ids[i] = c.Key
		}
		r.store.markStarted(tx, ids, now)
		return nil
	}
	return runQueue.Claim(ctx, r.db, now, limit, r.cfg.lease(), started)
}
