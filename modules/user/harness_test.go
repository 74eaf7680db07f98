package user_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
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

// office is the domain over HTTP, with its neighbours' stand-ins.
type office struct {
	*testing.T
	db       *pg.DB
	clock    *clock.Fake
	users    *user.Service
	accounts *user.Accounts
	sweeper  *user.Sweeper
	post     *post
	others   *others
	api      *testkit.API
}

// post remembers mail.
type post struct {
	mu     sync.Mutex
	sent   []mail.Message
	erased []string
}

func (p *post) Enqueue(_ context.Context, _ *pg.Tx, m mail.Message) (uuid.UUID, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, m)
	return uuid.New(), nil
}

func (p *post) SentTo(_ context.Context, _ pg.Querier, address string, _ int) ([]mail.Summary, error) {
	return []mail.Summary{{Recipient: address, Template: "auth.login_code", Status: mail.Sent}}, nil
}

func (p *post) EraseAddress(_ context.Context, _ *pg.Tx, address string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erased = append(p.erased, address)
	return nil
}

// others is every domain that hangs something on users.
type others struct {
	mu       sync.Mutex
	departed []string
	fail     error
}

// hook is one of them.
type hook struct {
	*others
	name string
}

func (h hook) Name() string { return h.name }

func (h hook) Depart(_ context.Context, tx *pg.Tx, _ uuid.UUID, why user.Reason) error {
	tx.OnCommit(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.departed = append(h.departed, h.name+" "+string(why))
	})
	return h.fail
}

func (h hook) Export(context.Context, pg.Querier, uuid.UUID) (any, error) {
	return map[string]any{"of": h.name}, h.fail
}

func (h hook) Usage(context.Context, pg.Querier, uuid.UUID) (map[string]int, error) {
	return map[string]int{"active_memberships": 2}, h.fail
}

func (o *others) seen() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string(nil), o.departed...)
}

const (
	operator = "root"
	password = "correct horse battery"
)

// doorman knows one operator of each role by name.
type doorman struct{}

func (doorman) Authenticate(_ context.Context, username, given string, _ netip.Addr) (httpx.Principal, error) {
	roles := map[string]httpx.Role{operator: httpx.Operator, "second": httpx.Operator, "viewer": httpx.Viewer}
	if roles[username] == httpx.NoRole || given != password {
		return httpx.Principal{}, errors.New("nobody")
	}
	return httpx.Principal{Username: username, Role: roles[username]}, nil
}

func open(t *testing.T, options ...fx.Option) *office {
	t.Helper()
	o := &office{T: t, clock: clock.NewFake(noon), post: &post{}, others: &others{}}
	hooks := []hook{{o.others, "zoo"}, {o.others, "arc"}}
	var server *httpx.Server
	testkit.Boot(t, append(options,
		admin.Module, user.Module, httpx.Module,
		fx.Supply(admin.Config{}, user.Config{ErasureGrace: grace, SweepInterval: time.Minute}, user.CacheConfig{UsersMax: 100},
			httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute, ShutdownTimeout: time.Minute},
			httpx.GatewayConfig{}, httpx.TLSConfig{}),
		testkit.StandIn[clock.Clock](o.clock),
		testkit.StandIn[user.Mailer](o.post),
		testkit.StandIn[httpx.AdminGate](doorman{}),
		testkit.StandIn[httpx.UserSeen](nobodySees{}),
		testkit.StandIn(user.NewHooks([]user.Departure{hooks[0], hooks[1]}, []user.Export{hooks[0], hooks[1]}, []user.Usage{hooks[0], hooks[1]})),
		fx.Populate(&o.db, &o.users, &o.accounts, &o.sweeper, &server))...)
	o.clock.BlockUntil(1) // the sweeper is idle
	o.api = testkit.Client(t, "http://"+server.Addr().String())
	return o
}

type nobodySees struct{}

func (nobodySees) Seen(uuid.UUID, netip.Addr) {}

// register makes an account.
func (o *office) register(email string) user.Account {
	o.Helper()
	var a user.Account
	require.NoError(o, o.db.InTx(o.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		a, err = o.users.Register(ctx, tx, user.NewAccount{Email: email, Language: "en", TimeZone: "UTC", Country: "NL"})
		return err
	}))
	return a
}

func (o *office) admin() *testkit.API { return o.api.Admin(operator, password) }

func (o *office) count(statement string, args ...any) int {
	o.Helper()
	n, err := pg.Get[int](o.Context(), o.db, statement, args...)
	require.NoError(o, err)
	return n
}

// sweep moves the clock and runs one pass.
func (o *office) sweep(d time.Duration) {
	o.Helper()
	o.clock.Advance(d)
	require.NoError(o, o.sweeper.RunOnce(o.Context(), o.clock.Now()))
}

// same holds the cache against the table.
func (o *office) same(id uuid.UUID) {
	o.Helper()
	cached, err := o.accounts.Snapshot(o.Context(), id)
	require.NoError(o, err)
	require.NoError(o, o.db.InTx(o.Context(), func(ctx context.Context, tx *pg.Tx) error {
		stored, err := o.accounts.Lock(ctx, tx, id)
		require.NoError(o, err)
		want, err := json.Marshal(stored)
		require.NoError(o, err)
		got, err := json.Marshal(cached)
		require.JSONEq(o, string(want), string(got))
		return err
	}))
}

func of(id uuid.UUID, rest string) string { return "/api/v1/admin/users/" + id.String() + rest }
