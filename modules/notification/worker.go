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
	"galaxy/backend/platform/worker"
)

const (
	batch = 50
	lease = time.Minute
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
func NewWorker(db *pg.DB, clk clock.Clock, log *zap.Logger, cfg Config, mailer Mailer, accounts Accounts, mailDue *worker.Signal) *Worker {
	w := &Worker{db: db, clock: clk, log: log, cfg: cfg, mail: mailer, accounts: accounts}
	w.loop = worker.NewLoop("notification routes", cfg.WorkerInterval, clk, log, w.runOnce, worker.WithSignal(mailDue))
	return w
}

// Start begins with whatever an earlier process left.
func (w *Worker) Start(ctx context.Context) error {
	if w.cfg.AdminEmail == "" {
		w.log.Warn("BACKEND_NOTIFICATION_ADMIN_EMAIL is not set: operators are told of nothing by mail")
	}
	return w.loop.Start(ctx)
}

// Stop claims nothing more and waits for the pass under way.
func (w *Worker) Stop(ctx context.Context) error { return w.loop.Stop(ctx) }

func (w *Worker) runOnce(ctx context.Context) (again bool, err error) {
	parcels, err := w.store.claim(ctx, w.db, w.clock.Now(), batch, lease)
	if err != nil || len(parcels) == 0 {
		return false, err
	}
	users, err := w.recipients(ctx, parcels)
	if err != nil {
		return false, err
	}
	err = w.deliver(ctx, parcels, users)
	if err != nil && !away(err) {
		err = w.oneByOne(ctx, parcels, users)
	}
	return len(parcels) == batch, err
}

// oneByOne finds the route at whose fault a batch failed: it is charged and
// waits, the others go out.
func (w *Worker) oneByOne(ctx context.Context, parcels []parcel, users map[uuid.UUID]user.Snapshot) error {
	var errs []error
	for _, p := range parcels {
		err := w.deliver(ctx, []parcel{p}, users)
		if err != nil && !away(err) {
			err = w.postpone(ctx, p, err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// away reports that the database, and not what it was told, is at fault: the
// leases run out and the routes come back.
func away(err error) bool {
	return errors.Is(err, pg.ErrUnavailable) || errors.Is(err, pg.ErrOutcomeUnknown)
}

func (w *Worker) recipients(ctx context.Context, parcels []parcel) (map[uuid.UUID]user.Snapshot, error) {
	var ids []uuid.UUID
	for _, p := range parcels {
		if p.UserID != nil {
			ids = append(ids, *p.UserID)
		}
	}
	users, err := w.accounts.Snapshots(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("look recipients up: %w", err)
	}
	return users, nil
}

// deliver enqueues the mails of parcels and settles their routes, all or none.
func (w *Worker) deliver(ctx context.Context, parcels []parcel, users map[uuid.UUID]user.Snapshot) error {
	return w.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		defer func() { // a template that panics is its route's fault
			if cause := recover(); cause != nil {
				w.log.Error("notification route panicked", zap.Any("panic", cause), zap.ByteString("stack", debug.Stack()))
				err = fmt.Errorf("panic: %v", cause)
			}
		}()
		for _, p := range parcels {
			if err := w.enqueue(ctx, tx, p, users); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *Worker) enqueue(ctx context.Context, tx *pg.Tx, p parcel, users map[uuid.UUID]user.Snapshot) error {
	to, data, reason := w.compose(p, users)
	if reason != "" {
		w.store.settle(tx, p, settlement{status: Skipped, reason: &reason}, w.clock.Now())
		return nil
	}
	m := mail.Message{Template: string(p.Kind), Key: p.RouteID.String(), To: to, Data: data}
	if p.UserID != nil {
		m.UserID = *p.UserID
	}
	delivery, err := w.mail.Enqueue(ctx, tx, m)
	if err == nil {
		w.store.settle(tx, p, settlement{status: Delivered, delivery: &delivery}, w.clock.Now())
	}
	return err
}

// postpone records a failed attempt, the last one as a dead letter.
func (w *Worker) postpone(ctx context.Context, p parcel, cause error) error {
	now := w.clock.Now()
	text := cause.Error()
	s := settlement{status: Retrying, reason: &text, next: now.Add(backoff.Next(p.Attempt))}
	if p.Attempt >= w.cfg.MaxAttempts {
		s.status = DeadLettered
	}
	w.log.Error("notification route failed", zap.Stringer("route_id", p.RouteID), zap.String("kind", string(p.Kind)),
		zap.Int("attempt", p.Attempt), zap.String("status", string(s.status)), zap.Error(cause))
	return w.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		w.store.settle(tx, p, s, now)
		return nil
	})
}

// compose finds the address and the template's data, or why there is no mail.
func (w *Worker) compose(p parcel, users map[uuid.UUID]user.Snapshot) (to string, data map[string]any, reason string) {
	data = map[string]any{}
	if err := json.Unmarshal(p.Payload, &data); err != nil {
		return "", nil, "the payload is not an object"
	}
	if p.Channel == AdminEmail {
		if w.cfg.AdminEmail == "" {
			return "", nil, "BACKEND_NOTIFICATION_ADMIN_EMAIL is not set"
		}
		return w.cfg.AdminEmail, data, ""
	}
	u, ok := users[*p.UserID]
	if !ok || u.Deleted || u.Email == "" {
		return "", nil, "the account is gone"
	}
	data["user_name"] = u.UserName
	return u.Email, data, ""
}
