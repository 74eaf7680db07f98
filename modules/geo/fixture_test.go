package geo

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/modules/user/usertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var (
	germany = netip.MustParseAddr("203.0.113.7")
	france  = netip.MustParseAddr("198.51.100.7")
	nowhere = netip.MustParseAddr("10.0.0.1") // no country
)

// fixture is the service on a database of its own.
type fixture struct {
	*testing.T
	db      *pg.DB
	clock   *clock.Fake
	users   *usertest.Accounts
	path    string
	service *Service
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureOn(t, testkit.DB(t))
}

func newFixtureOn(t *testing.T, db *pg.DB) *fixture {
	t.Helper()
	f := &fixture{T: t, db: db, clock: clock.NewFake(noon), path: testkit.MMDB(t)}
	f.users = usertest.New(t, db, f.clock)
	f.service = f.otherService(db)
	return f
}

// otherService is the service again, as another process would run it.
func (f *fixture) otherService(db *pg.DB) *Service {
	f.Helper()
	s := NewService(db, f.clock, zap.NewNop(), Config{DBPath: f.path})
	require.NoError(f, s.Start(f.Context()))
	return s
}

// flush writes what was counted.
func (f *fixture) flush() {
	f.Helper()
	require.NoError(f, f.service.Flush(f.Context()))
}

func (f *fixture) counters(id uuid.UUID) map[string]int64 {
	f.Helper()
	rows, err := f.service.Counters(f.Context(), id)
	require.NoError(f, err)
	out := map[string]int64{}
	for _, r := range rows {
		out[r.Country] = r.Count
	}
	return out
}

func (f *fixture) exec(statements ...string) {
	f.Helper()
	for _, statement := range statements {
		require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := tx.Exec(ctx, statement)
			return err
		}))
	}
}

const password = "correct horse battery"

// adminGate knows a viewer.
type adminGate struct{}

func (adminGate) Authenticate(_ context.Context, username, given string, _ netip.Addr) (httpx.Principal, error) {
	if username != "viewer" || given != password {
		return httpx.Principal{}, fault.New(fault.Unauthenticated, "unauthenticated", "wrong credentials")
	}
	return httpx.Principal{Username: username, Role: httpx.Viewer}, nil
}

// serve starts the domain over HTTP on the fixture's database and clock.
func (f *fixture) serve() *testkit.API {
	f.Helper()
	var server *httpx.Server
	testkit.Boot(f.T, Module, httpx.Module,
		fx.Supply(Config{DBPath: f.path}, httpx.GatewayConfig{}, httpx.TLSConfig{},
			httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute,
				ShutdownTimeout: time.Minute}),
		testkit.StandIn(f.db),
		testkit.StandIn[clock.Clock](f.clock),
		testkit.StandIn[Users](f.users),
		testkit.StandIn[httpx.UserGate](f.users),
		testkit.StandIn[httpx.AdminGate](adminGate{}),
		fx.Populate(&f.service, &server))
	return testkit.Client(f.T, "http://"+server.Addr().String())
}
