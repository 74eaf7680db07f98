package notification

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/modules/push/pushtest"
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
	mailer   *mailtest.Outbox
	pusher   *pushtest.Recorder
	accounts *usertest.Accounts
}

func newFixture(t *testing.T) *fixture { return newFixtureWith(t, Config{}) }

func newFixtureWith(t *testing.T, cfg Config) *fixture {
	t.Helper()
	core, logs := observer.New(zap.WarnLevel)
	f := &fixture{
		t: t, db: testkit.DB(t), clock: clock.NewFake(noon), logs: logs, mailDue: worker.NewSignal(),
		mailer: &mailtest.Outbox{}, pusher: &pushtest.Recorder{},
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

var errRelay = errors.New("the relay said no")
