package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/worker"
)

const (
	// leaseDuration is how long a game waits for a worker that died. The lease is
	// extended as long as work goes on.
	leaseDuration = 90 * time.Second
	// maxSteps bounds one claim; a start takes five.
	maxSteps = 24
	// driverRetryDelay is the wait after the driver was unavailable.
	driverRetryDelay = 5 * time.Second
	// unhealthyRetryDelay is how often an engine that does not answer is asked.
	unhealthyRetryDelay = 10 * time.Second
)

// stepBackoff spreads what is tried again after an error of ours.
var stepBackoff = outbox.Backoff{Base: time.Second, Factor: 2, Max: time.Minute, Floor: 0.5}

// Converger makes what is observed follow what is desired, game by game.
type Converger struct {
	cfg       Config
	db        *pg.DB
	clock     clock.Clock
	log       *zap.Logger
	store     store
	states    *States
	versions  Versions
	images    Images
	driver    *DriverClient
	engines   Engines
	notifier  Notifier
	observers Observers
	metrics   metrics
	signal    *worker.Signal
}

// NewConverger makes a converger. signal is sent when a short wait is over.
func NewConverger(
	cfg Config, db *pg.DB, clk clock.Clock, log *zap.Logger, states *States, versions Versions, images Images,
	d *DriverClient, e Engines, n Notifier, observers Observers, m metrics, signal *worker.Signal,
) *Converger {
	return &Converger{
		cfg: cfg, db: db, clock: clk, log: log, states: states, versions: versions, images: images,
		driver: d, engines: e, notifier: n, observers: observers, metrics: m, signal: signal,
	}
}

// claim takes up to n due games.
func (c *Converger) claim(ctx context.Context, n int) ([]outbox.Claim, error) {
	return queue.Claim(ctx, c.db, c.clock.Now(), n, leaseDuration,
		func(_ context.Context, tx *pg.Tx, claims []outbox.Claim) error {
			games := make([]uuid.UUID, len(claims))
			for i, claim := range claims {
				games[i] = claim.Key
			}
			c.store.beginOperations(tx, games, c.clock.Now())
			return nil
		})
}

// converge works on one claimed game until there is nothing to do or something
// to wait for, and gives the claim back.
func (c *Converger) converge(ctx context.Context, claim outbox.Claim) {
	working, stop := c.keepLease(ctx, claim)
	defer stop()
	for range maxSteps {
		again, err := c.takeStep(working, claim)
		if err != nil {
			c.postpone(ctx, claim, err)
			return
		}
		if !again {
			return
		}
	}
	c.postpone(ctx, claim, fmt.Errorf("no end after %d steps", maxSteps))
}

// takeStep observes, decides, acts and records.
func (c *Converger) takeStep(ctx context.Context, claim outbox.Claim) (again bool, err error) {
	r, err := c.store.claimed(ctx, c.db, claim)
	if err != nil {
		return false, err
	}
	seen, err := c.observe(ctx, r)
	if err != nil {
		return false, err
	}
	next := decide(r, seen, c.clock.Now())
	t := &transition{before: r, after: r, observation: seen}
	if err := c.act(ctx, next, t); err != nil {
		return false, fmt.Errorf("%s: %w", next, err)
	}
	if next != stepNone && next != stepWait {
		c.log.Info("step taken", zap.Stringer("game_id", r.GameID), zap.String("step", string(next)),
			zap.String("observed", string(t.after.Observed)), zap.String("reason", t.after.LastError))
	}
	return t.again, c.record(ctx, claim, t)
}

// observe asks the driver, and a running engine of ours.
func (c *Converger) observe(ctx context.Context, r Record) (observation, error) {
	seen, err := c.driver.inspect(ctx, r.GameID)
	o := observation{Observed: seen}
	if err != nil || o.Foreign || !o.running() {
		return o, err
	}
	if r.Desired == WantRunning && r.Launched() && o.matches(r) && !r.Observed.Final() {
		o.Health = c.checkHealth(ctx, r)
	}
	return o, nil
}

// checkHealth asks the engine whether it is able to work. One that ran a moment
// ago gets a second chance before it counts as unreachable.
func (c *Converger) checkHealth(ctx context.Context, r Record) error {
	err := c.engines.Health(ctx, r.GameID)
	if err != nil && r.Observed == Running && ctx.Err() == nil {
		err = c.engines.Health(ctx, r.GameID)
	}
	c.metrics.countProbe(ctx, err)
	return err
}

// postpone gives a claim back after an error. The record stays as it was.
func (c *Converger) postpone(ctx context.Context, claim outbox.Claim, err error) {
	stopped := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	unavailable := errors.Is(err, driver.ErrUnavailable)
	wait := stepBackoff.Next(claim.Attempt)
	log := c.log.With(zap.Stringer("game_id", claim.Key), zap.Error(err))
	switch {
	case stopped, errors.Is(err, ErrLeaseLost):
		wait = 0 // the process ends, or something else is desired now: look again at once
	case unavailable:
		wait = driverRetryDelay
	default:
		log.Warn("step was not completed")
	}
	released := c.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		if unavailable && !stopped {
			c.store.requeueOperation(tx, claim)
		}
		c.store.releaseClaim(tx, claim, c.clock.Now().Add(wait))
		tx.OnCommit(func() { c.signalAfter(wait) })
		return nil
	})
	if released != nil {
		log.Warn("claim was not given back", zap.NamedError("release_error", released)) // its lease runs out
	}
}

// signalAfter wakes the workers when a short wait is over. It only makes them
// faster: they look for due games every few seconds anyway.
func (c *Converger) signalAfter(d time.Duration) {
	time.AfterFunc(d, c.signal.Send) //nolint:forbidigo // a signal too many or too late decides nothing
}

// keepLease extends the claim until stop is called. Work whose lease is lost is
// cancelled.
func (c *Converger) keepLease(ctx context.Context, claim outbox.Claim) (working context.Context, stop func()) {
	working, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			timer := c.clock.NewTimer(leaseDuration / 3)
			select {
			case <-working.Done():
				timer.Stop()
				return
			case <-timer.C():
			}
			if held, err := queue.Extend(working, c.db, claim, leaseDuration); err == nil && !held {
				cancel(ErrLeaseLost)
				return
			}
		}
	})
	return working, func() { cancel(nil); wg.Wait() }
}
