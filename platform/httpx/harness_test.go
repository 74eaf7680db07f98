package httpx_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"net"
	"net/http"
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
	"galaxy/backend/platform/fault"
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

var (
	errBlocked = fault.New(fault.Forbidden, "account_blocked", "the account is blocked")
	errNobody  = fault.New(fault.Unauthenticated, "user_unknown", "there is no such user")
	errWrong   = fault.New(fault.Unauthenticated, "credentials_wrong", "the credentials are wrong")
	errNoShip  = fault.New(fault.NotFound, "ship_unknown", "there is no such ship")
	errBusy    = fault.New(fault.Throttled, "throttled", "too many tries").After(1500 * time.Millisecond)
)

type ship struct {
	Name  string     `json:"name"`
	Mass  int        `json:"mass,omitempty"`
	Kind  string     `json:"kind,omitempty"`
	Owner uuid.UUID  `json:"owner,omitzero"`
	Built *time.Time `json:"built,omitempty"`
	Tags  []string   `json:"tags,omitempty"`
	Crew  *struct {
		Captain string `json:"captain"`
	} `json:"crew,omitempty"`
}

type shipID struct {
	ID uuid.UUID `path:"ship_id"`
}

// Named is embedded, as bodies that several operations share are.
type Named struct {
	Name string `json:"name"`
	Mass int    `json:"mass"`
}

type patchShip struct {
	ID    uuid.UUID `path:"ship_id"`
	Match string    `header:"If-Match"`
	Named
}

type listShips struct {
	httpx.Page
	Status []string   `query:"status"`
	Open   *bool      `query:"open"`
	Since  time.Time  `query:"since"`
	At     netip.Addr `query:"at"`
}

type putOrders struct {
	ID     uuid.UUID       `path:"ship_id"`
	Orders json.RawMessage `body:"raw"`
}

// world is a server on a real listener with fakes behind its gates.
type world struct {
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

func (w *world) Admit(_ context.Context, user uuid.UUID) error {
	switch user.String() {
	case blockedID:
		return errBlocked
	case unknownID:
		return errNobody
	}
	return nil
}

func (w *world) Seen(_ uuid.UUID, ip netip.Addr) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, ip)
}

func (w *world) Authenticate(_ context.Context, username, password string, _ netip.Addr) (httpx.Principal, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logins++
	if username == "busy" {
		return httpx.Principal{}, errBusy
	}
	role, err := httpx.ParseRole(username)
	if err != nil || password != "pass word:"+username {
		return httpx.Principal{}, errWrong
	}
	return httpx.Principal{Username: username, Role: role}, nil
}

func (w *world) Refused(_ context.Context, e httpx.AuditEntry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.audits = append(w.audits, e)
}

func (w *world) Complete() {}

func (w *world) got(ctx context.Context, in any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last, w.lastCtx = in, ctx
}

// record makes a handler that remembers its input.
func record[In any](w *world) httpx.Handler {
	return httpx.JSON(http.StatusOK, func(ctx context.Context, in In) (map[string]string, error) {
		w.got(ctx, in)
		return map[string]string{"name": "Aurora"}, nil
	})
}

func (w *world) tables() []httpx.Table {
	return []httpx.Table{
		httpx.Public("ship", httpx.Route{Op: "publicEcho", Method: "POST", Path: "/echo", Handle: record[ship](w)}),
		httpx.Internal("ship", httpx.Route{Op: "internalPing", Method: "GET", Path: "/ping", Handle: record[struct{}](w)}),
		httpx.User("ship",
			httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: record[struct{}](w)},
			httpx.Route{Op: "listShips", Method: "GET", Path: "/ships", Handle: httpx.JSON(http.StatusOK, w.list)},
			httpx.Route{Op: "createShip", Method: "POST", Path: "/ships", Handle: httpx.JSON(http.StatusCreated, w.create)},
			httpx.Route{Op: "getShip", Method: "GET", Path: "/ships/{ship_id}", Handle: httpx.JSON(http.StatusOK, w.get)},
			httpx.Route{Op: "patchShip", Method: "PATCH", Path: "/ships/{ship_id}", Handle: record[patchShip](w)},
			httpx.Route{Op: "deleteShip", Method: "DELETE", Path: "/ships/{ship_id}", Handle: httpx.Empty(http.StatusNoContent, w.remove)},
			httpx.Route{Op: "putOrders", Method: "PUT", Path: "/ships/{ship_id}/orders", MaxBody: 1 << 20, Timeout: time.Minute, Handle: record[putOrders](w)},
			httpx.Route{Op: "getName", Method: "GET", Path: "/names/{name}", Handle: record[struct {
				Name string `path:"name"`
			}](w)}),
		httpx.Admin("ship",
			httpx.Route{Op: "getMe", Method: "GET", Path: "/me", Role: httpx.Viewer, Handle: record[struct{}](w)},
			httpx.Route{Op: "sinkShip", Method: "POST", Path: "/ships/{ship_id}/sink", Role: httpx.Operator, Handle: httpx.Empty(http.StatusNoContent, w.remove)}),
	}
}

func (w *world) list(ctx context.Context, in listShips) (httpx.List[ship], error) {
	w.got(ctx, in)
	return httpx.List[ship]{}, nil
}

func (w *world) create(ctx context.Context, in ship) (httpx.Response[ship], error) {
	w.got(ctx, in)
	return httpx.Response[ship]{Body: in, Header: http.Header{"Location": {"/api/v1/user/ships/" + goodID}, "ETag": {`"1"`}}}, nil
}

func (w *world) get(ctx context.Context, in shipID) (ship, error) {
	w.got(ctx, in)
	return ship{}, errNoShip
}

// remove fails in the way that the last digit of the id asks for.
func (w *world) remove(ctx context.Context, in shipID) error {
	switch id := in.ID.String(); id[len(id)-1] {
	case '0':
		panic("secret state")
	case '1':
		return errors.New("pq: password=hunter2 at 10.0.0.7")
	case '2':
		return context.DeadlineExceeded
	case '3':
		return errBusy
	case '4':
		return fault.New(fault.Unavailable, "database_unavailable", "the database is away").With("host", "10.0.0.7").Because(errors.New("dial"))
	case '5':
		return fault.New(fault.Conflict, "ship_busy", "the ship is busy").With("state", make(chan int))
	case 'a': // audited as it has to be
		httpx.Audited(ctx)
	case 'b': // twice
		httpx.Audited(ctx)
		httpx.Audited(ctx)
	}
	return nil
}

type setup struct {
	config httpx.Config
	guard  *gateway.Guard
	clock  clock.Clock
	checks []httpx.Check
	level  zapcore.Level
	tel    httpx.Telemetry
}

// open starts a world on a port of its own.
func open(t *testing.T, options ...func(*setup)) *world {
	t.Helper()
	w, s := build(t, options...)
	require.NoError(t, w.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 5*time.Second)
		defer cancel()
		_ = w.Stop(ctx)
	})
	scheme := "http://"
	if c, err := s.guard.TLS(); err == nil && c != nil {
		scheme = "https://"
	}
	w.base = scheme + w.Addr().String()
	return w
}

func build(t testing.TB, options ...func(*setup)) (*world, setup) {
	t.Helper()
	s := setup{
		config: httpx.Config{ListenAddr: "127.0.0.1:0", ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second},
		guard:  gateway.New(gateway.Config{}, gateway.TLSConfig{}), clock: clock.System{}, level: zap.InfoLevel,
	}
	for _, o := range options {
		o(&s)
	}
	core, logs := observer.New(s.level)
	w := &world{logs: logs}
	if s.tel.Log == nil {
		s.tel.Log = zap.New(core)
	}
	var err error
	w.Server, err = httpx.New(s.config, document, s.guard, httpx.Gates{User: w, Seen: w, Admin: w, Auditor: w}, s.tel, s.clock,
		w.tables(), s.checks)
	require.NoError(t, err)
	return w, s
}

// do sends a request; headers are name, value pairs.
func (w *world) do(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.base+path, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return send(t, http.DefaultClient, r)
}

// user sends as the good user, with a JSON body when there is one.
func (w *world) user(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	headers = append(headers, "X-User-ID", goodID)
	if body != "" {
		headers = append(headers, "Content-Type", "application/json")
	}
	return w.do(t, method, path, body, headers...)
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

func (w *world) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", w.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn.(*net.TCPConn)
}

// raw sends bytes over a socket of its own and returns all that comes back.
func (w *world) raw(t *testing.T, parts ...string) string {
	t.Helper()
	conn := w.dial(t)
	for _, p := range parts {
		if _, err := conn.Write([]byte(p)); err != nil {
			break // the server has heard enough
		}
	}
	return readConn(conn)
}
