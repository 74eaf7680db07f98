package notification

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/modules/user/usertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	"galaxy/backend/platform/worker"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// maxAttempts is how often the fixture's worker tries a route.
const maxAttempts = 3

// fixture is the domain on a real database, with stand-ins for mail, push and
// accounts.
type fixture struct {
	t        *testing.T
	db       *pg.DB
	clock    *clock.Fake
	logs     *observer.ObservedLogs
	mailDue  *worker.Signal
	service  *Service
	worker   *Worker
	mailer   *fakeMailer
	pusher   *fakePusher
	accounts *usertest.Accounts
}

func newFixture(t *testing.T) *fixture { return newFixtureWith(t, Config{}) }

func newFixtureWith(t *testing.T, cfg Config) *fixture {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	f := &fixture{
		t: t, db: testkit.DB(t), clock: clock.NewFake(noon), logs: logs, mailDue: worker.NewSignal(),
		mailer: &fakeMailer{}, pusher: &fakePusher{},
	}
	f.accounts = usertest.New(t, f.db, f.clock)
	cfg.WorkerInterval, cfg.MaxAttempts = time.Minute, maxAttempts
	var err error
	f.service, err = NewService(f.db, f.clock, zap.New(core), cfg, f.pusher, f.mailDue)
	require.NoError(t, err)
	f.worker = NewWorker(f.db, f.clock, zap.New(core), cfg, f.mailer, f.accounts, f.mailDue)
	return f
}

// newUser makes an account with the address name@example.com.
func (f *fixture) newUser(name string) uuid.UUID {
	f.t.Helper()
	return f.accounts.Add(func(a *user.Account) { a.Email = name + "@example.com" }).ID
}

func (f *fixture) inTx(fn func(ctx context.Context, tx *pg.Tx) error) {
	f.t.Helper()
	require.NoError(f.t, f.db.InTx(f.t.Context(), fn))
}

func (f *fixture) submit(intents ...Intent) {
	f.t.Helper()
	for _, in := range intents {
		f.inTx(func(ctx context.Context, tx *pg.Tx) error { return f.service.Submit(ctx, tx, in) })
	}
}

// pass runs the worker once.
func (f *fixture) pass() {
	f.t.Helper()
	_, err := f.worker.runOnce(f.t.Context())
	require.NoError(f.t, err)
}

// count answers a query that counts.
func (f *fixture) count(sql string, args ...any) int {
	f.t.Helper()
	n, err := pg.Get[int](f.t.Context(), f.db, sql, args...)
	require.NoError(f.t, err)
	return n
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	f.inTx(func(_ context.Context, tx *pg.Tx) error { tx.Queue(sql, args...); return nil })
}

// routeRow is a route as it stands in the database.
type routeRow struct {
	Kind     Kind        `db:"kind"`
	UserID   *uuid.UUID  `db:"user_id"`
	Channel  Channel     `db:"channel"`
	Status   RouteStatus `db:"status"`
	Attempts int         `db:"attempts"`
	Delivery *uuid.UUID  `db:"delivery_id"`
	Error    *string     `db:"last_error"`
	Token    *uuid.UUID  `db:"claim_token"`
	Next     time.Time   `db:"next_attempt_at"`
	Settled  *time.Time  `db:"settled_at"`
}

const selectRoutes = `
SELECT n.kind, r.user_id, r.channel, r.status, r.attempts, r.delivery_id, r.last_error, r.claim_token,
       r.next_attempt_at, r.settled_at
FROM notification_routes r JOIN notifications n USING (notification_id)
WHERE r.channel = $1 ORDER BY r.route_id`

// routes lists the routes of a channel in the order in which they were made.
func (f *fixture) routes(c Channel) []routeRow {
	f.t.Helper()
	rows, err := pg.All[routeRow](f.t.Context(), f.db, selectRoutes, c)
	require.NoError(f.t, err)
	return rows
}

// route is the only route of a channel.
func (f *fixture) route(c Channel) routeRow {
	f.t.Helper()
	rows := f.routes(c)
	require.Len(f.t, rows, 1)
	return rows[0]
}

// turnReady is an intent for push and mail.
func turnReady(key string, recipients ...uuid.UUID) Intent {
	payload := GameTurnReady{GameRef: theGame, Turn: 3, NextTurnAt: &theDeadline}
	return Intent{Key: key, Recipients: recipients, Payload: payload}
}

// imagePullFailed is an intent for operators.
func imagePullFailed(key string) Intent {
	return Intent{Key: key, Payload: ImagePullFailed{GameID: theGame.ID, ImageRef: "galaxy/engine:1"}}
}

// fakeMailer is mail: one delivery per template and key, and only what commits.
type fakeMailer struct {
	mu         sync.Mutex
	deliveries map[string]uuid.UUID
	sent       []mail.Message
	// before is called with every message; its error is Enqueue's.
	before func(ctx context.Context, tx *pg.Tx, m mail.Message) error
}

func (f *fakeMailer) Enqueue(ctx context.Context, tx *pg.Tx, m mail.Message) (uuid.UUID, error) {
	f.mu.Lock()
	before := f.before
	known, repeated := f.deliveries[m.Template+m.Key]
	f.mu.Unlock()
	if before != nil {
		if err := before(ctx, tx, m); err != nil {
			return uuid.Nil, err
		}
	}
	if repeated {
		return known, nil
	}
	id := uuid.New()
	tx.OnCommit(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.deliveries == nil {
			f.deliveries = map[string]uuid.UUID{}
		}
		f.deliveries[m.Template+m.Key] = id
		f.sent = append(f.sent, m)
	})
	return id, nil
}

// failWith makes Enqueue fail, until it is called with nil.
func (f *fakeMailer) failWith(err error) {
	f.before = func(context.Context, *pg.Tx, mail.Message) error { return err }
}

// addresses lists who got mail, in order.
func (f *fakeMailer) addresses() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []string{}
	for _, m := range f.sent {
		out = append(out, m.To)
	}
	return out
}

// fakePusher is push: only what commits.
type fakePusher struct {
	mu     sync.Mutex
	pushed []push.Outgoing
}

func (f *fakePusher) Publish(tx *pg.Tx, o push.Outgoing) {
	tx.OnCommit(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.pushed = append(f.pushed, o)
	})
}

var errRelay = errors.New("the relay said no")
