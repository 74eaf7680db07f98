package notification

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/sanitize"
	"galaxy/backend/platform/worker"
)

const (
	batchSize = 50
	leaseTime = time.Minute
)

var backoff = outbox.Backoff{Base: 10 * time.Second, Factor: 3, Max: 30 * time.Minute}

// Worker turns e-mail routes into mail deliveries.
type Worker struct {
	db       *pg.DB
	clock    clock.Clock
	log      *zap.Logger
	cfg      Config
	mail     Mailer
	accounts Accounts
	store    store
	loop     *worker.Loop
}

// NewWorker makes a stopped worker that looks whenever mailDue is sent.
func NewWorker(
	db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config, mailer Mailer, accounts Accounts, mailDue *worker.Signal,
) *Worker {
	w := &Worker{db: db, clock: clk, log: log, cfg: cfg, mail: mailer, accounts: accounts}
	w.loop = worker.NewLoop("notification routes", cfg.WorkerInterval, clk, log, w.runOnce, worker.WithSignal(mailDue))
	return w
}

// Start begins with whatever an earlier process left.
func (w *Worker) Start(ctx context.Context) error {
	if w.cfg.AdminEmail == "" {
		w.log.Warn("BACKEND_NOTIFICATION_ADMIN_EMAIL is not set: notifications for operators are skipped")
	}
	return w.loop.Start(ctx)
}

// Stop claims nothing more and waits for the pass under way.
func (w *Worker) Stop(ctx context.Context) error { return w.loop.Stop(ctx) }

func (w *Worker) runOnce(ctx context.Context) (again bool, err error) {
	routes, err := w.store.claim(ctx, w.db, w.clock.Now(), batchSize, leaseTime)
	if err != nil || len(routes) == 0 {
		return false, err
	}
	users, err := w.recipients(ctx, routes)
	if err != nil {
		return false, err
	}
	err = w.deliver(ctx, routes, users)
	if err != nil && !databaseFailed(err) {
		err = w.deliverOneByOne(ctx, routes, users)
	}
	return len(routes) == batchSize, err
}

// deliverOneByOne finds the route at whose fault a batch failed: it is charged
// and waits, the others go out.
func (w *Worker) deliverOneByOne(ctx context.Context, routes []claimedRoute, users map[uuid.UUID]user.Snapshot) error {
	var errs []error
	for _, r := range routes {
		err := w.deliver(ctx, []claimedRoute{r}, users)
		if err != nil && !databaseFailed(err) {
			err = w.postpone(ctx, r, err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// databaseFailed reports that the database, and not what it was given, is at
// fault: the leases run out and the routes come back.
func databaseFailed(err error) bool {
	return errors.Is(err, pg.ErrUnavailable) || errors.Is(err, pg.ErrOutcomeUnknown)
}

func (w *Worker) recipients(ctx context.Context, routes []claimedRoute) (map[uuid.UUID]user.Snapshot, error) {
	var ids []uuid.UUID
	for _, r := range routes {
		if r.UserID != nil {
			ids = append(ids, *r.UserID)
		}
	}
	users, err := w.accounts.Snapshots(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look recipients up: %w", err)
	}
	return users, nil
}

// deliver enqueues the mails of routes and finishes them, all or none.
func (w *Worker) deliver(ctx context.Context, routes []claimedRoute, users map[uuid.UUID]user.Snapshot) error {
	return w.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		defer func() { // a template that panics is its route's fault
			if cause := recover(); cause != nil {
				w.log.Error("notification route panicked", zap.Any("panic", cause), zap.ByteString("stack", debug.Stack()))
				err = fmt.Errorf("panic: %v", cause)
			}
		}()
		for _, r := range routes {
			if err := w.enqueue(ctx, tx, r, users); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Worker) enqueue(ctx context.Context, tx *pg.Tx, r claimedRoute, users map[uuid.UUID]user.Snapshot) error {
	m, reason := w.compose(r, users)
	if reason != "" {
		w.store.finish(tx, r, routeResult{status: Skipped, reason: &reason}, w.clock.Now())
		return nil
	}
	delivery, err := w.mail.Enqueue(ctx, tx, m)
	if err == nil {
		w.store.finish(tx, r, routeResult{status: Delivered, delivery: &delivery}, w.clock.Now())
	}
	return err
}

// compose makes the mail of a route, or says why there is none.
func (w *Worker) compose(r claimedRoute, users map[uuid.UUID]user.Snapshot) (m mail.Message, reason string) {
	m = mail.Message{Template: string(r.Kind), Key: r.RouteID.String(), Data: map[string]any{}}
	if err := json.Unmarshal(r.Payload, &m.Data); err != nil || m.Data == nil {
		return mail.Message{}, "the payload is not an object"
	}
	if r.Channel == AdminEmail {
		if m.To = w.cfg.AdminEmail; m.To == "" {
			return mail.Message{}, "BACKEND_NOTIFICATION_ADMIN_EMAIL is not set"
		}
		return m, ""
	}
	u, ok := users[*r.UserID]
	if !ok || u.Deleted || u.Email == "" {
		return mail.Message{}, "the account is gone"
	}
	m.To, m.UserID = u.Email, *r.UserID
	m.Data["user_name"] = u.UserName
	return m, ""
}

// postpone records a failed attempt, the last one as a dead letter.
func (w *Worker) postpone(ctx context.Context, r claimedRoute, cause error) error {
	now := w.clock.Now()
	text := sanitize.Line(cause.Error()) // what the column does not take would be tried for ever
	res := routeResult{status: Retrying, reason: &text, next: now.Add(backoff.Next(r.Attempt))}
	if r.Attempt >= w.cfg.MaxAttempts {
		res.status = DeadLettered
	}
	w.log.Error("notification route failed", zap.Stringer("route_id", r.RouteID), zap.String("kind", string(r.Kind)),
		zap.Int("attempt", r.Attempt), zap.String("status", string(res.status)), zap.Error(cause))
	return w.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		w.store.finish(tx, r, res, now)
		return nil
	})
}
