package user_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/mail/mailtest"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	day   = 24 * time.Hour
	grace = 7 * day
)

// fixture is the domain over HTTP, with stand-ins for the domains around it.
type fixture struct {
	*testing.T
	db       *pg.DB
	clock    *clock.Fake
	users    *user.Service
	accounts *user.Accounts
	sweeper  *user.Sweeper
	mailer   *mailtest.Outbox
	hooks    *hooks
	api      *testkit.API
}

func newFixture(t *testing.T, options ...fx.Option) *fixture {
	t.Helper()
	f := &fixture{T: t, clock: clock.NewFake(noon), mailer: &mailtest.Outbox{}, hooks: &hooks{}}
	zoo, arc := hook{f.hooks, "zoo"}, hook{f.hooks, "arc"}
	var server *httpx.Server
	testkit.Boot(t, append(options,
		admin.Module, user.Module, httpx.Module,
		fx.Supply(admin.Config{}, user.CacheConfig{UsersMax: 100}, user.Config{ErasureGrace: grace, SweepInterval: time.Minute},
			httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute,
				ShutdownTimeout: time.Minute}, httpx.GatewayConfig{}, httpx.TLSConfig{}),
		testkit.StandIn[clock.Clock](f.clock),
		testkit.StandIn[user.Mailer](f.mailer),
		testkit.StandIn[httpx.AdminGate](adminGate{}),
		testkit.StandIn[httpx.UserSeen](ignoreSeen{}),
		testkit.StandIn(user.NewHooks([]user.Departure{zoo, arc}, []user.Export{zoo, arc}, []user.Usage{zoo, arc})),
		fx.Populate(&f.db, &f.users, &f.accounts, &f.sweeper, &server))...)
	f.clock.BlockUntil(1) // the sweeper is idle
	f.api = testkit.Client(t, "http://"+server.Addr().String())
	return f
}

// register makes an account.
func (f *fixture) register(email string) user.Account {
	f.Helper()
	var a user.Account
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		a, err = f.users.Register(ctx, tx, user.NewAccount{Email: email, Language: "en", TimeZone: "UTC", Country: "NL"})
		return err
	}))
	return a
}

// uncached is the domain again, with an empty cache for one user.
func (f *fixture) uncached() (*user.Service, *user.Accounts) {
	accounts := user.NewAccounts(f.db, f.clock, user.CacheConfig{UsersMax: 1})
	return user.NewService(f.db, f.clock, user.Config{}, accounts, nil, nil, user.Hooks{}), accounts
}

// changeEmail changes an address in a transaction of its own.
func (f *fixture) changeEmail(id uuid.UUID, to string) (old string, err error) {
	err = f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		old, err = f.users.ChangeEmail(ctx, tx, id, to)
		return err
	})
	return old, err
}

func (f *fixture) admin() *testkit.API { return f.api.Admin(operator, password) }

// object is a JSON object.
type object = map[string]any

func (f *fixture) grant(id uuid.UUID, body object) testkit.Reply {
	f.Helper()
	return f.admin().Post(userPath(id, "/entitlements"), body)
}

func (f *fixture) sanction(id uuid.UUID, body object) testkit.Reply {
	f.Helper()
	return f.admin().Post(userPath(id, "/sanctions"), body)
}

func (f *fixture) setLimit(id uuid.UUID, name user.LimitName, body object) testkit.Reply {
	f.Helper()
	return f.admin().Put(userPath(id, "/limits/"+string(name)), body)
}

func (f *fixture) note(id uuid.UUID, text string) testkit.Reply {
	f.Helper()
	return f.admin().Post(userPath(id, "/notes"), object{"text": text})
}

func (f *fixture) softDelete(id uuid.UUID) testkit.Reply {
	f.Helper()
	return f.admin().Post(userPath(id, "/soft-delete"), nil)
}

func (f *fixture) restore(id uuid.UUID) testkit.Reply {
	f.Helper()
	return f.admin().Post(userPath(id, "/restore"), nil)
}

func (f *fixture) count(statement string, args ...any) int {
	f.Helper()
	n, err := pg.Get[int](f.Context(), f.db, statement, args...)
	require.NoError(f, err)
	return n
}

func (f *fixture) exec(statement string, args ...any) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	}))
}

// sweep moves the clock and runs one pass.
func (f *fixture) sweep(d time.Duration) {
	f.Helper()
	f.clock.Advance(d)
	require.NoError(f, f.sweeper.RunOnce(f.Context(), f.clock.Now()))
}

// requireCacheMatchesStore holds what readers get from memory against the tables.
func (f *fixture) requireCacheMatchesStore(id uuid.UUID) {
	f.Helper()
	cached, err := f.accounts.Snapshot(f.Context(), id)
	require.NoError(f, err)
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		stored, err := f.accounts.Lock(ctx, tx, id)
		require.NoError(f, err)
		want, err := json.Marshal(stored)
		require.NoError(f, err)
		got, err := json.Marshal(cached)
		require.JSONEq(f, string(want), string(got))
		return err
	}))
}

// userPath is a path below an operator's view of a user.
func userPath(id uuid.UUID, rest string) string { return "/api/v1/admin/users/" + id.String() + rest }
