package mail

import (
	"context"
	"fmt"
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
	batch   = 50 // deliveries per claim and per settlement
	senders = 4  // kept connections to the relay
	// lease covers a whole claim: its share of the batch, every step at its
	// time-out, is still settled under a live lease.
	lease = 10 * time.Minute
	// settleAfter is how long a sent mail may stay unrecorded while others of
	// its batch are under way: a crash in between repeats it.
	settleAfter = 20 * time.Millisecond
	// idleAfter closes connections that are not used.
	idleAfter = 30 * time.Second
)

// backoff spans about three hours over the default of eight attempts, so that
// the maintenance of a relay does not dead-letter what waits.
var backoff = outbox.Backoff{Base: 30 * time.Second, Factor: 3, Max: time.Hour}

// circuitBackoff is how long the worker leaves a relay alone that cannot be used.
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

	draining atomic.Bool
	faults   int       // relay faults in a row; above zero the circuit is open
	pausedTo time.Time // the circuit is open until then
}

// NewWorker makes a stopped worker and has service wake it.
func NewWorker(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config, smtp SMTPConfig, service *Service, observers Observers) (*Worker, error) {
	r, err := newRelay(smtp)
	if err != nil {
		return nil, err
	}
	w := &Worker{db: db, clock: clk, log: log, maxAttempts: cfg.MaxAttempts, observers: observers, relay: r}
	if w.metrics, err = newMetrics(w.depth); err != nil {
		return nil, err
	}
	for i := range w.connections {
		w.connections[i].relay = r
	}
	w.loop = worker.NewLoop("mail outbox", cfg.WorkerInterval, clk, log, w.runOnce)
	service.wake = w.loop.Wake
	return w, nil
}

// Start begins with whatever an earlier process left.
func (w *Worker) Start(ctx context.Context) error {
	w.draining.Store(false)
	return w.loop.Start(ctx)
}

// Stop claims nothing more. What is being sent ends and is recorded, the rest of
// the claim is given back.
func (w *Worker) Stop(ctx context.Context) error {
	w.draining.Store(true)
	err := w.loop.Stop(ctx)
	w.hangUp()
	return err
}

func (w *Worker) runOnce(ctx context.Context) (again bool, err error) {
	now := w.clock.Now()
	if now.Before(w.pausedTo) || w.draining.Load() {
		return false, nil
	}
	n := batch
	if w.faults > 0 {
		n = 1 // one mail tries whether the relay is back
	}
	parcels, err := w.store.claim(ctx, w.db, now, n, lease)
	if err != nil {
		return false, err
	}
	if len(parcels) == 0 {
		if now.Sub(w.lastUse) > idleAfter {
			w.hangUp()
		}
		return false, nil
	}
	w.lastUse = now
	if err := w.deliver(ctx, parcels); err != nil {
		return false, err
	}
	return w.faults == 0, nil
}

// deliver sends a claim over several connections and records the results as
// they come.
func (w *Worker) deliver(ctx context.Context, parcels []parcel) error {
	work := make(chan parcel, len(parcels))
	for _, p := range parcels {
		work <- p
	}
	close(work)
	results := make(chan result, len(parcels))
	var broken atomic.Bool
	var wg sync.WaitGroup
	for i := range min(senders, len(parcels)) {
		wg.Go(func() {
			for p := range work {
				results <- w.attempt(ctx, &w.connections[i], p, &broken)
			}
		})
	}
	go func() { wg.Wait(); close(results) }()
	err := w.record(ctx, results)
	w.circuit(broken.Load())
	return err
}

// circuit opens at a fault of the relay and closes once it took a mail.
func (w *Worker) circuit(broken bool) {
	if !broken {
		if w.faults > 0 {
			w.log.Info("mail relay is back")
		}
		w.faults = 0
		return
	}
	w.faults++
	pause := circuitBackoff.Next(w.faults)
	w.pausedTo = w.clock.Now().Add(pause)
	if w.faults == 1 {
		w.log.Error("mail relay cannot be used, all mail waits", zap.Duration("pause", pause))
	}
}

// record settles results in batches until the channel is closed.
func (w *Worker) record(ctx context.Context, results <-chan result) error {
	ctx = context.WithoutCancel(ctx) // what was sent is recorded, whoever hurries
	var pending []result
	var firstErr error
	flush := func() {
		if err := w.settle(ctx, pending); err != nil && firstErr == nil {
			firstErr = fmt.Errorf("settle deliveries: %w", err)
		}
		pending = nil
	}
	for {
		var due <-chan time.Time
		if len(pending) > 0 {
			due = time.After(settleAfter) //nolint:forbidigo // a pace, not a decision: it follows the machine
		}
		select {
		case r, open := <-results:
			if !open {
				flush()
				return firstErr
			}
			if pending = append(pending, r); len(pending) == batch {
				flush()
			}
		case <-due:
			flush()
		}
	}
}

func (w *Worker) settle(ctx context.Context, results []result) error {
	if len(results) == 0 {
		return nil
	}
	now := w.clock.Now()
	return w.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		for _, r := range results {
			if r.status != DeadLettered {
				w.store.settle(tx, r, now)
				tx.OnCommit(func() { w.metrics.attempt(ctx, r.outcome) })
				continue
			}
			if err := w.giveUp(ctx, tx, r, now); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Worker) giveUp(ctx context.Context, tx *pg.Tx, r result, now time.Time) error {
	held, err := w.store.bury(ctx, tx, r, now)
	if err != nil || !held {
		return err
	}
	for _, o := range w.observers {
		if err := o.DeadLettered(ctx, tx, DeadLetter{DeliveryID: r.ID, Template: r.Template, Reason: r.detail}); err != nil {
			return fmt.Errorf("tell %s of a dead letter: %w", o.Name(), err)
		}
	}
	tx.OnCommit(func() {
		w.metrics.attempt(ctx, r.outcome)
		w.metrics.dead(ctx)
		w.log.Error("mail was given up", zap.Stringer("delivery_id", r.ID), zap.String("template", r.Template),
			zap.Int("attempt", r.Attempt), zap.String("reason", r.detail))
	})
	return nil
}

func (w *Worker) hangUp() {
	for i := range w.connections {
		w.connections[i].close()
	}
}

func (w *Worker) depth(ctx context.Context) (map[Status]int64, error) {
	return w.store.depth(ctx, w.db)
}
