package auth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/geo"
	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
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

// house is the identity domains as the product runs them: real database, real
// SMTP, real HTTP; only the clock is the test's, and the gateways.
type house struct {
	testing.TB
	db       *pg.DB
	clock    *clock.Fake
	auth     *auth.Service
	users    *user.Service
	accounts *user.Accounts
	sweeper  *user.Sweeper
	geo      *geo.Service
	inbox    *testkit.Inbox
	gateways *gateways
	base     string
	api      *testkit.API
	tables   []httpx.Table     // every route of the identity domains
	read     map[string]string // the last mail read, by address
}

// gateways remembers what was announced.
type gateways struct {
	mu    sync.Mutex
	heard []push.Invalidation
}

func (g *gateways) Invalidate(tx *pg.Tx, inv ...push.Invalidation) {
	tx.OnCommit(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.heard = append(g.heard, inv...)
	})
}

func (g *gateways) sessions() []uuid.UUID {
	g.mu.Lock()
	defer g.mu.Unlock()
	var ids []uuid.UUID
	for _, inv := range g.heard {
		ids = append(ids, inv.DeviceSessionID)
	}
	return ids
}

func settings() auth.Config {
	return auth.Config{ChallengeTTL: 10 * time.Minute, ChallengeMaxAttempts: 5, ChallengeThrottleWindow: time.Minute,
		ChallengeThrottleMax: 3, UsernameMaxRetries: 10, SessionsMax: 20}
}

func open(t testing.TB, options ...fx.Option) *house { return openWith(t, settings(), options...) }

func openWith(t testing.TB, cfg auth.Config, options ...fx.Option) *house {
	t.Helper()
	h := &house{TB: t, clock: clock.NewFake(noon), inbox: testkit.SMTP(t), gateways: &gateways{}, read: map[string]string{}}
	var server *httpx.Server
	var proxies httpx.Proxies
	require.NoError(t, proxies.UnmarshalText([]byte("127.0.0.0/8")))
	testkit.Boot(t, append(options,
		admin.Module, mail.Module, user.Module, geo.Module, auth.Module, httpx.Module,
		fx.Supply(
			admin.Config{},
			mail.Config{WorkerInterval: time.Second, MaxAttempts: 3},
			mail.SMTPConfig{Host: "127.0.0.1", Port: h.inbox.Port(), From: "Galaxy <no-reply@galaxy.example>", TLSMode: mail.TLSNone},
			user.Config{ErasureGrace: 7 * 24 * time.Hour, SweepInterval: time.Minute}, user.CacheConfig{UsersMax: 1000},
			geo.Config{DBPath: testkit.MMDB(t)},
			cfg, auth.CacheConfig{SessionsMax: 1000},
			httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute, ShutdownTimeout: time.Minute, TrustedProxies: proxies},
			httpx.GatewayConfig{}, httpx.TLSConfig{},
		),
		testkit.StandIn[clock.Clock](h.clock),
		testkit.StandIn[auth.Announcer](h.gateways),
		testkit.StandIn[httpx.AdminGate](doorman{}),
		fx.Invoke(fx.Annotate(func(all []httpx.Table) { h.tables = all }, fx.ParamTags(`group:"routes"`))),
		fx.Populate(&h.db, &h.auth, &h.users, &h.accounts, &h.sweeper, &h.geo, &server),
	)...)
	h.base = "http://" + server.Addr().String()
	h.api = testkit.Client(t, h.base)
	return h
}

// loops is how many background loops wait for the clock once all are idle: mail,
// both of geo, the sweepers of user and auth.
const loops = 5

// doorman knows one operator and one viewer, without the cost of bcrypt.
type doorman struct{}

func (doorman) Authenticate(_ context.Context, username, given string, _ netip.Addr) (httpx.Principal, error) {
	role := map[string]httpx.Role{operator: httpx.Operator, viewer: httpx.Viewer}[username]
	if role == httpx.NoRole || given != password {
		return httpx.Principal{}, admin.ErrCredentials
	}
	return httpx.Principal{Username: username, Role: role}, nil
}

// letters is mail that goes nowhere.
type letters struct {
	mu   sync.Mutex
	sent []mail.Message
}

func (l *letters) Enqueue(_ context.Context, _ *pg.Tx, m mail.Message) (uuid.UUID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, m)
	return uuid.New(), nil
}

func (l *letters) EraseAddress(context.Context, *pg.Tx, string) error { return nil }

func (l *letters) SentTo(context.Context, pg.Querier, string, int) ([]mail.Summary, error) {
	return nil, nil
}

// last is the code of the newest mail to an address.
func (l *letters) last(email string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	code := ""
	for _, m := range l.sent {
		if text, ok := m.Data["code"].(string); ok && m.To == email && !m.Suppressed {
			code = text
		}
	}
	return code
}

// codes is every code written to an address, mailed or not, oldest first.
func (l *letters) codes(email string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, m := range l.sent {
		if text, ok := m.Data["code"].(string); ok && m.To == email {
			out = append(out, text)
		}
	}
	return out
}

// codeOf is the nth code written to an address.
func (l *letters) codeOf(email string, n int) string { return l.codes(email)[n-1] }

func (l *letters) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = nil
}

func (l *letters) suppressed() []bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []bool
	for _, m := range l.sent {
		if m.Template == "auth.login_code" {
			out = append(out, m.Suppressed)
		}
	}
	return out
}

// device is a client with a key of its own.
type device struct{ key ed25519.PublicKey }

func newDevice(t testing.TB) device {
	t.Helper()
	key, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return device{key}
}

func (d device) text() string { return base64.StdEncoding.EncodeToString(d.key) }

type issued struct {
	ChallengeID uuid.UUID `json:"challenge_id"`
	ExpiresAt   time.Time `json:"expires_at"`
}

type signedIn struct {
	Session uuid.UUID `json:"device_session_id"`
	User    uuid.UUID `json:"user_id"`
}

const public = "/api/v1/public/auth/"

func (h *house) send(email string) issued {
	h.Helper()
	return testkit.Into[issued](h.api.Post(public+"send-email-code", map[string]any{"email": email, "language": "en"}).Want(200))
}

var codePattern = regexp.MustCompile(`[0-9A-Z]{4}-[0-9A-Z]{4}`)

// code waits for the next code mailed to an address; other mail is passed over.
func (h *house) code(email string) string {
	h.Helper()
	for {
		m := h.inbox.Next(email, h.read[strings.ToLower(email)])
		h.read[strings.ToLower(email)] = m.ID
		if code := codePattern.FindString(m.Text); code != "" {
			return code
		}
	}
}

func confirmation(challenge uuid.UUID, code string, d device) map[string]any {
	return map[string]any{"challenge_id": challenge, "code": code, "client_public_key": d.text(), "time_zone": "Europe/Amsterdam",
		"language": "en", "device": map[string]any{"name": "Pixel 9", "user_agent": "galaxy/1.4"}}
}

func (h *house) confirm(challenge uuid.UUID, code string, d device) testkit.Reply {
	h.Helper()
	return h.api.Post(public+"confirm-email-code", confirmation(challenge, code, d))
}

// from speaks with the address of a network in mmdb.Networks.
func (h *house) from(ip string) *house {
	other := *h
	other.api = h.api.With("X-Forwarded-For", ip)
	return &other
}

// signIn is the whole way of one person on one device.
func (h *house) signIn(email string, d device) signedIn {
	h.Helper()
	c := h.send(email)
	return testkit.Into[signedIn](h.confirm(c.ChallengeID, h.code(email), d).Want(200))
}

// quick is signIn without mail: for tests about what comes after.
func (h *house) quick(email string) user.Account {
	h.Helper()
	var a user.Account
	require.NoError(h, h.db.InTx(h.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		a, err = h.users.Register(ctx, tx, user.NewAccount{Email: email, Language: "en", TimeZone: "UTC"})
		return err
	}))
	return a
}

func (h *house) count(statement string, args ...any) int {
	h.Helper()
	n, err := pg.Get[int](h.Context(), h.db, statement, args...)
	require.NoError(h, err)
	return n
}

// ids is a column of identifiers.
func (h *house) ids(statement string, args ...any) []uuid.UUID {
	h.Helper()
	ids, err := pg.All[uuid.UUID](h.Context(), h.db, statement, args...)
	require.NoError(h, err)
	return ids
}

// holding runs fn while a transaction holds what a statement locks.
func (h *house) holding(statement string, arg any, fn func()) {
	h.Helper()
	require.NoError(h, h.db.InTx(h.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(ctx, statement, arg); err != nil {
			return err
		}
		fn()
		return nil
	}))
}

// exec changes the database behind the product's back.
func (h *house) exec(statements string, args ...any) {
	h.Helper()
	require.NoError(h, h.db.InTx(h.Context(), func(ctx context.Context, tx *pg.Tx) error {
		for statement := range strings.SplitSeq(statements, ";;") {
			if _, err := tx.Exec(ctx, statement, args...); err != nil {
				return err
			}
		}
		return nil
	}))
}

// traffic is what fn costs the database.
func (h *house) traffic(fn func()) pg.Traffic {
	before := h.db.Traffic()
	fn()
	after := h.db.Traffic()
	return pg.Traffic{Statements: after.Statements - before.Statements, RoundTrips: after.RoundTrips - before.RoundTrips}
}

func (h *house) admin() *testkit.API { return h.api.Admin(operator, password) }
