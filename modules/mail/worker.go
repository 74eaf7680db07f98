package mail

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

const (
	batchSize = 50 // deliveries per claim and per settlement
	senders   = 4  // kept connections to the relay
	// lease covers a whole claim. Sends start within its first half; the slowest,
	// all its steps at their time-outs, and its record fit in the rest.
	lease       = 10 * time.Minute
	startWindow = lease / 2
	// settleDelay is how long a sent mail may stay unrecorded while others of
	// its batch are under way: a crash in between repeats it.
	settleDelay = 20 * time.Millisecond
	// idleTimeout is how long an unused connection is kept open.
	idleTimeout = 30 * time.Second
)

// backoff spans about three hours over the default of eight attempts, so that
// the maintenance of a relay does not dead-letter what waits.
var backoff = outbox.Backoff{Base: 30 * time.Second, Factor: 3, Max: time.Hour}

// circuitBackoff is how long the worker pauses while the relay cannot be used.
var circuitBackoff = outbox.Backoff{Base: 5 * time.Second, Factor: 2, Max: 5 * time.Minute, Floor: 1}

// Worker sends what is due.
type Worker struct {
	db          *pg.DB
	clock       clock.Clock
	log         *zap.Logger
	maxAttempts int
	store       store
	observers   []Observer
	loop        *worker.Loop
	metrics     metrics
	relay       *relay
	connections [senders]connection
	lastUse     time.Time

	startStop   sync.Mutex // a stop closes connections, and no start may be under way then
	draining    atomic.Bool
	relayFaults int         // in a row; above zero the circuit is open
	circuitOpen atomic.Bool // the same, for the gauge
	pausedUntil time.Time   // the circuit is open until then
}

// NewWorker makes a stopped worker that looks whenever due is sent.
func NewWorker(
	db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config, smtp SMTPConfig, due *worker.Signal, observers Observers,
) (*Worker, error) {
	r, err := newRelay(smtp)
	if err != nil {
		return nil, err
	}
	w := &Worker{db: db, clock: clk, log: log, maxAttempts: cfg.MaxAttempts, observers: observers, relay: r}
	if w.metrics, err = newMetrics(w.depth, w.circuitOpen.Load); err != nil {
		return nil, err
	}
	for i := range w.connections {
		w.connections[i].relay = r
	}
	w.loop = worker.NewLoop("mail outbox", cfg.WorkerInterval, clk, log, w.runOnce, worker.WithSignal(due))
	return w, nil
}

// Start begins with whatever an earlier process left.
func (w *Worker) Start(ctx context.Context) error {
	w.startStop.Lock()
	defer w.startStop.Unlock()
	w.draining.Store(false)
	return w.loop.Start(ctx)
}

// Stop claims nothing more. What is being sent ends and is recorded, the rest of
// the claim is given back.
func (w *Worker) Stop(ctx context.Context) error {
	w.draining.Store(true) // at once: a start or a stop under way may hold the lock
	w.startStop.Lock()
	defer w.startStop.Unlock()
	w.draining.Store(true)
	err := w.loop.Stop(ctx)
	w.closeConnections()
	return err
}

func (w *Worker) runOnce(ctx context.Context) (again bool, err error) {
	now := w.clock.Now()
	if now.Before(w.pausedUntil) || w.draining.Load() {
		return false, nil
	}
	n := batchSize
	if w.relayFaults > 0 {
		n = 1 // one mail probes whether the relay is back
	}
	deliveries, err := w.store.claim(ctx, w.db, now, n, lease)
	if err != nil {
		return false, err
	}
	if len(deliveries) == 0 {
		if now.Sub(w.lastUse) > idleTimeout {
			w.closeConnections()
		}
		return false, nil
	}
	w.lastUse = now
	reached, err := w.deliver(ctx, deliveries)
	return w.relayFaults == 0 || !reached && !w.clock.Now().Before(w.pausedUntil), err
}

func (w *Worker) closeConnections() {
	for i := range w.connections {
		w.connections[i].close()
	}
}

func (w *Worker) depth(ctx context.Context) (map[Status]int64, error) {
	return w.store.depth(ctx, w.db)
}
