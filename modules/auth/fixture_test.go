package auth_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/geo"
	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/modules/push/pushtest"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	operator = "root"
	viewer   = "watcher"
	password = "correct horse battery"
)

// fixture is the identity domains as the product runs them: real database, real
// SMTP, real HTTP. Only the clock and the gateways are the test's, and the mailer
// of newFakeMailFixture.
type fixture struct {
	testing.TB
	db          *pg.DB
	clock       *clock.Fake
	auth        *auth.Service
	users       *user.Service
	accounts    *user.Accounts
	sweeper     *user.Sweeper
	geo         *geo.Service
	inbox       *testkit.Inbox
	mailer      *mailtest.Outbox // of newFakeMailFixture
	gateways    *pushtest.Recorder
	base        string
	api         *testkit.API
	routeTables []httpx.Table     // of the identity domains
	lastRead    map[string]string // the last mail read, by address
}

func defaultConfig() auth.Config {
	return auth.Config{ChallengeTTL: 10 * time.Minute, ChallengeMaxAttempts: 5, ChallengeThrottleWindow: time.Minute,
		ChallengeThrottleMax: 3, UsernameMaxRetries: 10, SessionsMax: 20}
}

func newFixture(t testing.TB, options ...fx.Option) *fixture {
	t.Helper()
	return newFixtureWith(t, defaultConfig(), options...)
}

func newFixtureWith(t testing.TB, cfg auth.Config, options ...fx.Option) *fixture {
	t.Helper()
	f := &fixture{TB: t, clock: clock.NewFake(noon), inbox: testkit.SMTP(t), gateways: &pushtest.Recorder{},
		lastRead: map[string]string{}}
	var server *httpx.Server
	var proxies httpx.Proxies
	require.NoError(t, proxies.UnmarshalText([]byte("127.0.0.0/8")))
	testkit.Boot(t, append(options,
		admin.Module, mail.Module, user.Module, geo.Module, auth.Module, httpx.Module,
		fx.Supply(
			admin.Config{},
			mail.Config{WorkerInterval: time.Second, MaxAttempts: 3},
			mail.SMTPConfig{Host: "127.0.0.1", Port: f.inbox.Port(), From: "Galaxy <no-reply@galaxy.example>",
				TLSMode: mail.TLSNone},
			user.Config{ErasureGrace: 7 * 24 * time.Hour, SweepInterval: time.Minute}, user.CacheConfig{UsersMax: 1000},
			geo.Config{DBPath: testkit.MMDB(t)},
			cfg, auth.CacheConfig{SessionsMax: 1000},
			httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute,
				ShutdownTimeout: time.Minute, TrustedProxies: proxies},
			httpx.GatewayConfig{}, httpx.TLSConfig{},
		),
		testkit.StandIn[clock.Clock](f.clock),
		testkit.StandIn[auth.Invalidator](f.gateways),
		testkit.StandIn[httpx.AdminGate](fakeAdminGate{}),
		fx.Invoke(fx.Annotate(func(all []httpx.Table) { f.routeTables = all }, fx.ParamTags(`group:"routes"`))),
		fx.Populate(&f.db, &f.auth, &f.users, &f.accounts, &f.sweeper, &f.geo, &server),
	)...)
	f.base = "http://" + server.Addr().String()
	f.api = testkit.Client(t, f.base)
	return f
}

// newFakeMailFixture reads codes from a fake mailer, and has no loop running when
// it returns.
func newFakeMailFixture(t testing.TB, cfg auth.Config, options ...fx.Option) *fixture {
	t.Helper()
	mailer := &mailtest.Outbox{}
	f := newFixtureWith(t, cfg, append(options,
		testkit.StandIn[auth.Mailer](mailer), testkit.StandIn[user.Mailer](mailer))...)
	f.mailer = mailer
	f.clock.BlockUntil(backgroundLoops)
	return f
}

// backgroundLoops is how many loops wait for the clock once all are idle: mail,
// both of geo, the sweepers of user and auth.
const backgroundLoops = 5

// count returns the one number of a query.
func (f *fixture) count(statement string, args ...any) int {
	f.Helper()
	n, err := pg.Get[int](f.Context(), f.db, statement, args...)
	require.NoError(f, err)
	return n
}

// ids returns a column of identifiers.
func (f *fixture) ids(statement string, args ...any) []uuid.UUID {
	f.Helper()
	ids, err := pg.All[uuid.UUID](f.Context(), f.db, statement, args...)
	require.NoError(f, err)
	return ids
}

// whileLocked runs fn while a transaction holds what a statement locks.
func (f *fixture) whileLocked(statement string, arg any, fn func()) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(ctx, statement, arg); err != nil {
			return err
		}
		fn()
		return nil
	}))
}

// exec changes the database without the product.
func (f *fixture) exec(statements string, args ...any) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		for statement := range strings.SplitSeq(statements, ";;") {
			if _, err := tx.Exec(ctx, statement, args...); err != nil {
				return err
			}
		}
		return nil
	}))
}

// traffic is what fn sends to the database.
func (f *fixture) traffic(fn func()) pg.Traffic {
	before := f.db.Traffic()
	fn()
	after := f.db.Traffic()
	return pg.Traffic{Statements: after.Statements - before.Statements, RoundTrips: after.RoundTrips - before.RoundTrips}
}

// admin is the client of an operator.
func (f *fixture) admin() *testkit.API { return f.api.Admin(operator, password) }
