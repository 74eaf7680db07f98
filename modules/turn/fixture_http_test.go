package turn

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/fx"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

// admission lets every user in whom it does not name, and operators under the
// role that is their name.
type admission map[uuid.UUID]error

func (a admission) Admit(_ context.Context, user uuid.UUID) error { return a[user] }
func (admission) Seen(uuid.UUID, netip.Addr)                      {}

func (admission) Authenticate(_ context.Context, username, _ string, _ netip.Addr) (httpx.Principal, error) {
	role, err := httpx.ParseRole(username)
	if err != nil {
		return httpx.Principal{}, fault.New(fault.Unauthenticated, "unauthenticated", "no such operator")
	}
	return httpx.Principal{Username: username, Role: role}, nil
}

func httpServer(a admission, auditor httpx.Auditor) fx.Option {
	cfg := httpx.Config{
		ListenAddr: "127.0.0.1:0", ReadTimeout: time.Minute, WriteTimeout: time.Minute, ShutdownTimeout: time.Second,
	}
	return fx.Options(httpx.Module,
		fx.Supply(cfg, httpx.GatewayConfig{}, httpx.TLSConfig{}),
		fx.Provide(
			func() httpx.UserGate { return a }, func() httpx.UserSeen { return a },
			func() httpx.AdminGate { return a }, func() httpx.Auditor { return auditor },
		))
}

// serve answers the domain's routes; the runner works only when run says so.
func (f *fixture) serve(t *testing.T) *testkit.API { return f.serveTo(t, nil) }

func (f *fixture) serveTo(t *testing.T, a admission) *testkit.API {
	t.Helper()
	var server *httpx.Server
	testkit.Boot(t, httpServer(a, f.auditor), fx.Supply(f.service, config()),
		httpx.Provide(newUserRoutes, newAdminRoutes), fx.Populate(&server))
	return testkit.Client(t, "http://"+server.Addr().String())
}
