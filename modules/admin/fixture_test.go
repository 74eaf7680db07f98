package admin

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"golang.org/x/crypto/bcrypt"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	password      = "correct horse battery"
	otherPassword = "a different password"
	thirdPassword = "yet another password"
)

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	source = netip.MustParseAddr("192.0.2.7")
)

// sourceNumber is an address in a network of its own for every n.
func sourceNumber(n int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(n >> 16), byte(n >> 8), byte(n), 0, 1})
}

// fixture is the service with a real database, and the account root.
type fixture struct {
	*testing.T
	*Service
	db    *pg.DB
	clock *clock.Fake
	logs  *observer.ObservedLogs
}

// rootConfig names the bootstrap account root.
func rootConfig() Config {
	return Config{BootstrapUser: "Root", BootstrapPassword: secret.New(password)}
}

// newFixture starts the service with the bootstrap account root.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureOn(t, testkit.DB(t), rootConfig())
}

// newFixtureOn starts the service on a database that may have accounts already.
func newFixtureOn(t *testing.T, db *pg.DB, cfg Config) *fixture {
	t.Helper()
	f := unstarted(t, db, cfg)
	require.NoError(t, f.Start(t.Context()))
	return f
}

func unstarted(t *testing.T, db *pg.DB, cfg Config) *fixture {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	f := &fixture{T: t, db: db, clock: clock.NewFake(noon), logs: logs}
	var err error
	f.Service, err = NewService(f.db, f.clock, zap.New(core), cfg)
	require.NoError(t, err)
	// Under the race detector one bcrypt of cost 12 takes seconds.
	f.verifier.hasher.cost = bcrypt.MinCost
	f.verifier.dummyHash, err = bcrypt.GenerateFromPassword([]byte("dummy"), bcrypt.MinCost)
	require.NoError(t, err)
	return f
}

// asAdmin is the context of a request of root.
func (f *fixture) asAdmin() context.Context {
	return httpx.WithCall(f.Context(), "req-1", uuid.Nil, httpx.Principal{Username: "root", Role: httpx.Administrator})
}

// login authenticates from one source.
func (f *fixture) login(username, password string) error {
	_, err := f.Authenticate(f.Context(), username, password, source)
	return err
}

// create makes an account of a role with the usual password.
func (f *fixture) create(username string, role httpx.Role) {
	f.Helper()
	_, created, err := f.Create(f.asAdmin(), username, password, role)
	require.NoError(f, err)
	require.True(f, created)
}

// auditLog is every row of the audit log, newest first.
func (f *fixture) auditLog() []AuditRow {
	f.Helper()
	rows, err := f.Audit(f.Context(), AuditFilter{Limit: 1000})
	require.NoError(f, err)
	return rows
}

// exec changes the database without the service.
func (f *fixture) exec(statement string, args ...any) {
	f.Helper()
	require.NoError(f, f.tryExec(statement, args...))
}

func (f *fixture) tryExec(statement string, args ...any) error {
	return f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	})
}

// breakAuditLog makes every further insert into the audit log fail.
func (f *fixture) breakAuditLog() {
	f.Helper()
	f.exec(`ALTER TABLE admin_audit ADD CONSTRAINT full_disk CHECK (false) NOT VALID`)
}

// closeDB makes every further statement fail. Only a pool that has been used can
// be closed.
func (f *fixture) closeDB() {
	f.Helper()
	f.exec(`SELECT 1`)
	require.NoError(f, f.db.Close(f.Context()))
}

// logged counts the log lines with a message.
func (f *fixture) logged(message string) int { return f.logs.FilterMessage(message).Len() }

// apiFixture is the admin surface with its real gate and its real audit log.
type apiFixture struct {
	*fixture
	api *testkit.API
}

func newAPIFixture(t *testing.T) *apiFixture {
	t.Helper()
	f := newFixture(t)
	return &apiFixture{f, testkit.Surface(t, fx.Supply(f.Service), httpx.Provide(newAdminRoutes),
		fx.Provide(func() httpx.AdminGate { return f.Service }, func() httpx.Auditor { return f.Service }))}
}

// root is the client of the bootstrap account.
func (f *apiFixture) root() *testkit.API { return f.api.Admin("root", password) }

// audited is a page of the audit log.
func (f *apiFixture) audited(query string) httpx.List[auditRowView] {
	f.Helper()
	return testkit.Into[httpx.List[auditRowView]](f.root().Get("/api/v1/admin/audit?" + query).Want(200))
}
