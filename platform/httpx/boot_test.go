package httpx_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/lifecycle"
)

func handlerOf[In any]() httpx.Handler {
	return httpx.Empty(http.StatusNoContent, func(context.Context, In) error { return nil })
}

func TestATableThatContradictsTheDocumentStopsTheBoot(t *testing.T) {
	t.Parallel()
	none := handlerOf[struct{}]()
	account := httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: none}
	for want, tables := range map[string][]httpx.Table{
		"route getX (GET /api/v1/user/x) is not in openapi.yaml": {httpx.User("m", httpx.Route{Op: "getX", Method: "GET", Path: "/x", Handle: none})},
		"is GET /api/v1/user/account in openapi.yaml":            {httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/me", Handle: none})},
		"routes getAccount and getB are both GET /api/v1/user/account": {
			httpx.User("m", account), httpx.User("n", httpx.Route{Op: "getB", Method: "GET", Path: "/account", Handle: none})},
		"routes getA and getB are both GET /api/v1/user/x/{}": {
			httpx.User("m", httpx.Route{Op: "getA", Method: "GET", Path: "/x/{a}", Handle: none}, httpx.Route{Op: "getB", Method: "GET", Path: "/x/{b}", Handle: none})},
		"operation getAccount has two routes": {httpx.User("m", account), httpx.Admin("n",
			httpx.Route{Op: "getAccount", Method: "GET", Path: "/y", Role: httpx.Viewer, Handle: none})},
		"an admin route has to name its role":    {httpx.Admin("m", httpx.Route{Op: "getMe", Method: "GET", Path: "/me", Handle: none})},
		"only admin routes have a role":          {httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Role: httpx.Viewer, Handle: none})},
		"has no handler":                         {httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account"})},
		"no operation or no method":              {httpx.User("m", httpx.Route{Path: "/account", Handle: none})},
		"put parameters in braces":               {httpx.User("m", httpx.Route{Op: "getShip", Method: "GET", Path: "/ships/:ship_id", Handle: none})},
		"path ship_id parameter of the document": {httpx.User("m", httpx.Route{Op: "getShip", Method: "GET", Path: "/ships/{ship_id}", Handle: none})},
		"the document has no query q parameter": {httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: handlerOf[struct {
			Q string `query:"q"`
		}]()})},
		"takes a body: true, the document has":  {httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: handlerOf[ship]()})},
		"takes a body: false, the document has": {httpx.Public("m", httpx.Route{Op: "publicEcho", Method: "POST", Path: "/echo", Handle: none})},
		"has no tag that says where it comes":   {httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: handlerOf[struct{ Q string }]()})},
		"parameters cannot be of type float64": {httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: handlerOf[struct {
			Q float64 `query:"q"`
		}]()})},
		"has to be exported": {httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: handlerOf[struct {
			q string `query:"q"`
		}]()})},
		"raw body has to be a json.RawMessage": {httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account", Handle: handlerOf[struct {
			B []byte `body:"raw"`
		}]()})},
	} {
		_, err := httpx.New(httpx.Config{}, document, gateway.New(gateway.Config{}, gateway.TLSConfig{}), httpx.Gates{}, httpx.Telemetry{},
			clock.System{}, tables, nil)
		require.ErrorContains(t, err, want)
	}
}

func TestCompareFindsDifferencesBothWays(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t)
	problems, err := httpx.Compare(document, f.tables()...)
	require.NoError(t, err)
	require.Empty(t, problems)

	problems, err = httpx.Compare(document, f.tables()[1:]...)
	require.NoError(t, err)
	require.Equal(t, []string{"operation publicEcho (POST /api/v1/public/echo) has no route"}, problems)

	extra := httpx.User("m", httpx.Route{Op: "getX", Method: "GET", Path: "/x", Handle: handlerOf[struct{}]()})
	problems, err = httpx.Compare(document, append(f.tables(), extra)...)
	require.NoError(t, err)
	require.Equal(t, []string{"route getX (GET /api/v1/user/x) is not in openapi.yaml"}, problems)

	_, err = httpx.Compare(httpx.Document{Text: []byte("paths: [")})
	require.ErrorContains(t, err, "read openapi.yaml")
}

func TestASurfaceWithoutItsGateRefusesEveryone(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t, func(s *setup) { s.gates = &httpx.Gates{} })
	for _, path := range []string{"/api/v1/user/account", "/api/v1/admin/me"} {
		require.Equal(t, http.StatusUnauthorized, f.ask(http.MethodGet, path, "", as("admin")...).Code, path)
	}
}

func TestOutKnowsItsAnswer(t *testing.T) {
	t.Parallel()
	table := httpx.User("m", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account",
		Handle: httpx.JSON(http.StatusOK, func(context.Context, struct{}) (httpx.Response[httpx.List[uuid.UUID]], error) {
			return httpx.Response[httpx.List[uuid.UUID]]{Status: http.StatusAccepted, Header: http.Header{"etag": {"x"}, "Cache-Control": {"private"}}}, nil
		})}, httpx.Route{Op: "deleteShip", Method: "DELETE", Path: "/ships/{ship_id}",
		Handle: httpx.JSON(http.StatusOK, func(_ context.Context, in shipID) (httpx.Raw, error) {
			if strings.HasSuffix(in.ID.String(), "f") {
				return httpx.Raw{Status: http.StatusNotModified, ContentType: "text/plain", Body: []byte("never sent")}, nil
			}
			return httpx.Raw{ContentType: "text/plain", Body: []byte("sent")}, nil
		})}, httpx.Route{Op: "putOrders", Method: "PUT", Path: "/ships/{ship_id}/orders",
		Handle: httpx.JSON(http.StatusOK, func(_ context.Context, in putOrders) (func(), error) { return nil, nil })})
	f, _ := newStoppedFixture(t, with(table))
	list := f.ask("GET", "/api/v1/user/account", "")
	require.Equal(t, http.StatusAccepted, list.Code)
	require.Equal(t, "x", list.Header().Get("ETag"))
	require.Equal(t, "private", list.Header().Get("Cache-Control"), "the handler's header wins")
	require.JSONEq(t, `{"items":[],"next_cursor":null}`, list.Body.String())
	require.Empty(t, f.ask("DELETE", shipPath+"f", "").Body.String())
	require.Equal(t, "sent", f.ask("DELETE", shipPath+"e", "").Body.String())
	require.Equal(t, http.StatusInternalServerError, f.ask("PUT", shipPath+"f/orders", "").Code, "an answer that cannot be encoded")
}

func TestTheModuleBootsAndStops(t *testing.T) {
	t.Parallel()
	f := &fixture{}
	var server *httpx.Server
	app := fx.New(fx.NopLogger, httpx.Module, lifecycle.Module, fx.Replace(document),
		fx.Supply(zap.NewNop(), lifecycle.Cap(0), httpx.Config{ListenAddr: "127.0.0.1:0", ShutdownTimeout: 1e9}, httpx.GatewayConfig{}, httpx.TLSConfig{}),
		fx.Provide(func() clock.Clock { return clock.System{} }, func() httpx.UserGate { return f }),
		httpx.Provide(func() httpx.Table { return f.tables()[2] }),
		httpx.ProvideCheck(func() httpx.Check { return httpx.Check{Name: "x", Check: func(context.Context) error { return nil }} }),
		fx.Populate(&server))
	require.NoError(t, app.Start(t.Context()))
	f.Server, f.base = server, "http://"+server.Addr().String()
	require.Equal(t, http.StatusOK, f.user(t, http.MethodGet, "/api/v1/user/account", "").StatusCode)
	var ready httpx.Readiness
	require.NoError(t, json.Unmarshal([]byte(f.do(t, http.MethodGet, "/readyz", "").text), &ready))
	require.Equal(t, map[string]string{"x": "ok"}, ready.Checks)
	require.NoError(t, app.Stop(t.Context()))
}
