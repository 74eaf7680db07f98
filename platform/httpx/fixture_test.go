package httpx_test

import (
	"context"
	_ "embed"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/httpx/gateway"
)

//go:embed testdata/openapi.yaml
var documentText []byte

var document = httpx.Document{Text: documentText}

const (
	goodID    = "01934f4c-7d1c-7c62-9f6c-3a2b1c0d9e8f"
	blockedID = "01934f4c-7d1c-7c62-9f6c-3a2b1c0d9e90"
	unknownID = "01934f4c-7d1c-7c62-9f6c-3a2b1c0d9e91"
)

// fixture is a server on a real listener with fakes behind its gates.
type fixture struct {
	*httpx.Server
	base string
	logs *observer.ObservedLogs

	mu      sync.Mutex
	seen    []netip.Addr
	audits  []httpx.AuditEntry
	logins  int
	last    any             // what the handler got
	lastCtx context.Context // and in which context
}

func (f *fixture) Admit(_ context.Context, user uuid.UUID) error {
	switch user.String() {
	case blockedID:
		return errBlocked
	case unknownID:
		return errNobody
	}
	return nil
}

func (f *fixture) Seen(_ uuid.UUID, ip netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen = append(f.seen, ip)
}

func (f *fixture) Authenticate(_ context.Context, username, password string, _ netip.Addr) (httpx.Principal, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.logins++
	if username == "busy" {
		return httpx.Principal{}, errBusy
	}
	role, err := httpx.ParseRole(username)
	if err != nil || password != "pass word:"+username {
		return httpx.Principal{}, errWrong
	}
	return httpx.Principal{Username: username, Role: role}, nil
}

func (f *fixture) Refused(_ context.Context, e httpx.AuditEntry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.audits = append(f.audits, e)
}

func (f *fixture) Complete() {}

func (f *fixture) got(ctx context.Context, in any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last, f.lastCtx = in, ctx
}

type setup struct {
	config httpx.Config
	guard  *gateway.Guard
	clock  clock.Clock
	checks []httpx.Check
	level  zapcore.Level
	tel    httpx.Telemetry
	tables []httpx.Table // none: the ships
	gates  *httpx.Gates  // nil: the fixture itself
}

// with makes the server serve these tables instead of the ships.
func with(tables ...httpx.Table) func(*setup) { return func(s *setup) { s.tables = tables } }

// newFixture starts a server on a port of its own.
func newFixture(t *testing.T, options ...func(*setup)) *fixture {
	t.Helper()
	f, s := newStoppedFixture(t, options...)
	require.NoError(t, f.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		_ = f.Stop(ctx)
	})
	scheme := "http://"
	if c, err := s.guard.TLS(); err == nil && c != nil {
		scheme = "https://"
	}
	f.base = scheme + f.Addr().String()
	return f
}

// newStoppedFixture builds a server that listens nowhere yet.
func newStoppedFixture(t testing.TB, options ...func(*setup)) (*fixture, setup) {
	t.Helper()
	s := setup{
		config: httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second},
		guard:  gateway.New(gateway.Config{}, gateway.TLSConfig{}), clock: clock.System{}, level: zap.InfoLevel,
	}
	for _, o := range options {
		o(&s)
	}
	core, logs := observer.New(s.level)
	f := &fixture{logs: logs}
	if s.tel.Log == nil {
		s.tel.Log = zap.New(core)
	}
	if s.tables == nil {
		s.tables = f.tables()
	}
	if s.gates == nil {
		s.gates = &httpx.Gates{User: f, Seen: f, Admin: f, Auditor: f}
	}
	var err error
	f.Server, err = httpx.New(s.config, document, s.guard, *s.gates, s.tel, s.clock, s.tables, s.checks)
	require.NoError(t, err)
	return f, s
}

// ask serves a request without a listener, as the good user, with a JSON body
// when there is one.
func (f *fixture) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("X-User-ID", goodID)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	f.Handler().ServeHTTP(rec, r)
	return rec
}

// do sends a request; headers are name, value pairs.
func (f *fixture) do(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.base+path, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return send(t, http.DefaultClient, r)
}

// user sends as the good user, with a JSON body when there is one.
func (f *fixture) user(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	headers = append(headers, "X-User-ID", goodID)
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	return f.do(t, method, path, body, headers...)
}

func send(t *testing.T, c *http.Client, r *http.Request) reply {
	t.Helper()
	resp, err := c.Do(r)
	require.NoError(t, err)
	text := readAll(t, resp)
	require.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
	return reply{resp, text}
}

func (f *fixture) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", f.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn.(*net.TCPConn)
}

// raw sends bytes over a socket of its own and returns all that comes back.
func (f *fixture) raw(t *testing.T, parts ...string) string {
	t.Helper()
	conn := f.dial(t)
	for _, p := range parts {
		if _, err := conn.Write([]byte(p)); err != nil {
			break // the server has heard enough
		}
	}
	return readConn(conn)
}
