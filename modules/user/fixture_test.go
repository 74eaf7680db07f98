package user_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/mail"
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
	db      *pg.DB
	clock   *clock.Fake
	users   *user.Service
	sweeper *user.Sweeper
	mailer  *mailer
	hooks   *hooks
	api     *testkit.API
}

func newFixture(t *testing.T, options ...fx.Option) *fixture {
	t.Helper()
	f := &fixture{T: t, clock: clock.NewFake(noon), mailer: &mailer{}, hooks: &hooks{}}
	zoo, arc := hook{f.hooks, "zoo"}, hook{f.hooks, "arc"}
	var server *httpx.Server
	testkit.Boot(t, append(options,
		admin.Module, user.Module, httpx.Module,
		fx.Supply(admin.Config{}, user.Config{ErasureGrace: grace, SweepInterval: time.Minute}, user.CacheConfig{UsersMax: 100},
			httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute, ShutdownTimeout: time.Minute},
			httpx.GatewayConfig{}, httpx.TLSConfig{}),
		testkit.StandIn[clock.Clock](f.clock),
		testkit.StandIn[user.Mailer](f.mailer),
		testkit.StandIn[httpx.AdminGate](adminGate{}),
		testkit.StandIn[httpx.UserSeen](ignoreSeen{}),
		testkit.StandIn(user.NewHooks([]user.Departure{zoo, arc}, []user.Export{zoo, arc}, []user.Usage{zoo, arc})),
		fx.Populate(&f.db, &f.users, &f.sweeper, &server))...)
	f.clock.BlockUntil(1) // the sweeper is idle
	f.api = testkit.Client(t, "http://"+server.Addr().String())
	return f
}

// mailer remembers mail.
type mailer struct {
	mu     sync.Mutex
	sent   []mail.Message
	erased []string
	err    error
}

func (m *mailer) Enqueue(_ context.Context, tx *pg.Tx, msg mail.Message) (uuid.UUID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tx.OnCommit(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.sent = append(m.sent, msg)
	})
	return uuid.New(), m.err
}

func (m *mailer) SentTo(_ context.Context, _ pg.Querier, address string, _ int) ([]mail.Summary, error) {
	return []mail.Summary{{Recipient: address, Template: "auth.login_code", Status: mail.Sent}}, m.err
}

func (m *mailer) EraseAddress(_ context.Context, tx *pg.Tx, address string) error {
	tx.OnCommit(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.erased = append(m.erased, address)
	})
	return m.err
}

// hooks is every domain that hangs something on users.
type hooks struct {
	mu       sync.Mutex
	departed []string
	err      error
}

// hook is one of them.
type hook struct {
	*hooks
	name string
}

func (h hook) Name() string { return h.name }

func (h hook) Depart(_ context.Context, tx *pg.Tx, _ uuid.UUID, why user.Reason) error {
	tx.OnCommit(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.departed = append(h.departed, h.name+" "+string(why))
	})
	return h.err
}

func (h hook) Export(context.Context, pg.Querier, uuid.UUID) (any, error) {
	return map[string]any{"of": h.name}, h.err
}

func (h hook) Usage(context.Context, pg.Querier, uuid.UUID) (map[string]int, error) {
	return map[string]int{"active_memberships": 2}, h.err
}

// departures lists what was committed, in the order of the calls.
func (h *hooks) departures() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.departed)
}

const (
	operator = "root"
	password = "correct horse battery"
)

// adminGate knows two operators and a viewer by name.
type adminGate struct{}

func (adminGate) Authenticate(_ context.Context, username, given string, _ netip.Addr) (httpx.Principal, error) {
	roles := map[string]httpx.Role{operator: httpx.Operator, "second": httpx.Operator, "viewer": httpx.Viewer}
	if roles[username] == httpx.NoRole || given != password {
		return httpx.Principal{}, errors.New("unknown operator")
	}
	return httpx.Principal{Username: username, Role: roles[username]}, nil
}

type ignoreSeen struct{}

func (ignoreSeen) Seen(uuid.UUID, netip.Addr) {}

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

// changeEmail changes an address in a transaction of its own.
func (f *fixture) changeEmail(id uuid.UUID, to string) (old string, err error) {
	err = f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		old, err = f.users.ChangeEmail(ctx, tx, id, to)
		return err
	})
	return old, err
}

func (f *fixture) admin() *testkit.API { return f.api.Admin(operator, password) }

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
	cached, err := f.users.Snapshot(f.Context(), id)
	require.NoError(f, err)
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		stored, err := f.users.Lock(ctx, tx, id)
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
