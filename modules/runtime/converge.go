package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/sanitize"
	enginev1 "galaxy/backend/proto/engine/v1"
)

const (
	// leaseTime is how long a game waits for a worker that died. The lease is
	// extended as long as work goes on.
	leaseTime = 90 * time.Second
	// maxSteps bounds one claim; a start takes five.
	maxSteps = 24
	// driverRetry is the wait after the driver could not be asked.
	driverRetry = 5 * time.Second
	// sickRetry is how often an engine that does not answer is asked.
	sickRetry = 10 * time.Second
)

// mishaps spreads what is tried again after an error of ours.
var mishaps = outbox.Backoff{Base: time.Second, Factor: 2, Max: time.Minute, Floor: 0.5}

// Converger makes what is seen follow what is wanted, game by game.
type Converger struct {
	*Service
	cfg       Config
	driver    driver.Driver
	dirs      *driver.StateDirs
	images    Images
	engines   Engines
	notifier  Notifier
	observers Observers
	metrics   metrics
	// unavailable is set while the driver cannot be asked, so that it is said
	// once and not once per game.
	unavailable atomic.Bool
}

// NewConverger makes a converger.
func NewConverger(s *Service, cfg Config, box Box, images Images, e Engines, n Notifier, observers Observers) (*Converger, error) {
	m, err := newMetrics()
	if err != nil {
		return nil, err
	}
	return &Converger{
		Service: s, cfg: cfg, driver: box.Driver, dirs: box.Dirs, images: images, engines: e, notifier: n,
		observers: observers, metrics: m,
	}, nil
}

// Available reports whether engines could be reached when they were last asked
// for.
func (c *Converger) Available() bool { return !c.unavailable.Load() }

// move is one step: what it starts from and what becomes of it.
type move struct {
	before, after Record
	sight         observation
	notices       []notification.Intent
	end           OperationStatus // of the request under way; "" when it goes on
	status        *enginev1.Status
	again         bool          // look again at once
	wait          time.Duration // else after this time
}

// claim takes up to n due games.
func (c *Converger) claim(ctx context.Context, n int) ([]outbox.Claim, error) {
	return queue.Claim(ctx, c.db, c.clock.Now(), n, leaseTime, func(_ context.Context, tx *pg.Tx, claims []outbox.Claim) error {
		games := make([]uuid.UUID, len(claims))
		for i, claim := range claims {
			games[i] = claim.Key
		}
		c.store.begin(tx, games, c.clock.Now())
		return nil
	})
}

// converge works on one claimed game until there is nothing to do or something
// to wait for, and gives the claim back.
func (c *Converger) converge(ctx context.Context, claim outbox.Claim) {
	working, stop := c.keepLease(ctx, claim)
	defer stop()
	for range maxSteps {
		again, err := c.step(working, claim)
		if err != nil {
			c.postpone(ctx, claim, err)
			return
		}
		if !again {
			return
		}
	}
	c.postpone(ctx, claim, fmt.Errorf("%d steps did not lead anywhere", maxSteps))
}

// step looks, decides, does and records.
func (c *Converger) step(ctx context.Context, claim outbox.Claim) (again bool, err error) {
	r, err := c.store.claimed(ctx, c.db, claim)
	if err != nil {
		return false, err
	}
	sight, err := c.look(ctx, r)
	if err != nil {
		return false, err
	}
	next := decide(r, sight, c.clock.Now())
	m := &move{before: r, after: r, sight: sight}
	if err := c.take(ctx, next, m); err != nil {
		return false, fmt.Errorf("%s: %w", next, err)
	}
	if next != stepNone && next != stepWait {
		c.log.Info("step taken", zap.Stringer("game_id", r.GameID), zap.String("step", string(next)),
			zap.String("observed", string(m.after.Observed)), zap.String("reason", m.after.LastError))
	}
	return m.again, c.record(ctx, claim, m)
}

// look asks the driver, and a running engine of ours.
func (c *Converger) look(ctx context.Context, r Record) (observation, error) {
	seen, err := c.inspect(ctx, r.GameID)
	s := observation{Observed: seen}
	if err != nil || s.Foreign || !s.running() {
		return s, err
	}
	if r.Desired == WantRunning && r.Launched() && s.matches(r) && !r.Observed.Final() {
		s.Health = c.probe(ctx, r)
	}
	return s, nil
}

// record writes what a step found, for observers, operators and the next look.
func (c *Converger) record(ctx context.Context, claim outbox.Claim, m *move) error {
	if m.before.OperationID == nil {
		m.end = ""
	}
	m.after.LastError = sanitize.Line(m.after.LastError)
	now := c.clock.Now()
	wait := m.wait
	if wait == 0 {
		wait = c.cfg.ReconcileInterval
	}
	return c.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		if err := c.tell(ctx, tx, m); err != nil {
			return err
		}
		if err := c.store.seen(ctx, tx, claim, m.after, now.Add(wait), now, m.again); err != nil {
			return err
		}
		if m.end != "" {
			c.store.end(tx, *m.before.OperationID, m.end, m.failure(), m.after.LastError, now)
		}
		if m.after.State() != m.before.State() {
			c.states.Put(tx, m.after.GameID, m.after.State())
		}
		if !m.again && wait < c.cfg.ReconcileInterval {
			tx.OnCommit(func() { c.wakeAfter(wait) })
		}
		return nil
	})
}

// tell calls observers and operators, which lock what comes before the record.
func (c *Converger) tell(ctx context.Context, tx *pg.Tx, m *move) error {
	if m.after.Observed != m.before.Observed || m.end != "" {
		change := m.change()
		for _, o := range c.observers {
			if err := o.RuntimeChanged(ctx, tx, change); err != nil {
				return fmt.Errorf("observer %s: %w", o.Name(), err)
			}
		}
	}
	for _, n := range m.notices {
		if err := c.notifier.Submit(ctx, tx, n); err != nil {
			return err
		}
	}
	return nil
}

// failure is the code of a request that failed, or "".
func (m *move) failure() string {
	if m.end != OpFailed {
		return ""
	}
	return m.after.LastCode
}

func (m *move) change() Change {
	c := Change{
		GameID: m.after.GameID, Desired: string(m.after.Desired), Observed: string(m.after.Observed),
		Generation: m.after.Generation, Status: m.status, Error: m.after.LastCode, Source: m.after.Source,
	}
	if m.end != "" && m.before.Kind != nil {
		c.Operation = string(*m.before.Kind)
	}
	return c
}

// wakeAfter wakes the workers when a short wait is over. It only makes them
// faster: they look every few seconds anyway.
func (c *Converger) wakeAfter(d time.Duration) {
	time.AfterFunc(d, c.Wake) //nolint:forbidigo // a wake-up too many or too late decides nothing
}

// postpone gives a claim back after an error. The record stays as it was.
func (c *Converger) postpone(ctx context.Context, claim outbox.Claim, err error) {
	stopped := ctx.Err() != nil
	ctx = context.WithoutCancel(ctx)
	wait := mishaps.Next(claim.Attempt)
	log := c.log.With(zap.Stringer("game_id", claim.Key), zap.Error(err))
	switch {
	case stopped, errors.Is(err, ErrLeaseLost):
		wait = 0 // the wish changed, or the process ends: look again at once
	case errors.Is(err, driver.ErrUnavailable):
		wait = driverRetry
		if !c.unavailable.Swap(true) {
			log.Warn("engines cannot be reached, waiting")
		}
	default:
		log.Warn("step was not completed")
	}
	release := c.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		if errors.Is(err, driver.ErrUnavailable) && !stopped {
			c.store.wait(tx, claim)
		}
		c.store.giveBack(tx, claim, c.clock.Now().Add(wait))
		tx.OnCommit(func() { c.wakeAfter(wait) })
		return nil
	})
	if release != nil {
		log.Warn("claim was not given back", zap.NamedError("release", release)) // its lease runs out
	}
}

// keepLease extends the claim until stop is called. Work whose lease is lost is
// cancelled.
func (c *Converger) keepLease(ctx context.Context, claim outbox.Claim) (working context.Context, stop func()) {
	working, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			timer := c.clock.NewTimer(leaseTime / 3)
			select {
			case <-working.Done():
				timer.Stop()
				return
			case <-timer.C():
			}
			if held, err := queue.Extend(working, c.db, claim, leaseTime); err == nil && !held {
				cancel(ErrLeaseLost)
				return
			}
		}
	})
	return working, func() { cancel(nil); wg.Wait() }
}
