package testkit

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/fx"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
)

// Surface serves the routes that the options provide (httpx.Provide) with the
// real server until the test ends, and returns a client of it.
func Surface(t testing.TB, options ...fx.Option) *API {
	t.Helper()
	var server *httpx.Server
	Boot(t, httpx.Module,
		fx.Supply(httpx.Config{ListenAddr: "127.0.0.1:0", ShutdownTimeout: time.Second}),
		fx.Supply(httpx.GatewayConfig{}, httpx.TLSConfig{}),
		fx.Options(options...), fx.Populate(&server))
	return Client(t, "http://"+server.Addr().String())
}

// OpenGate is an httpx.AdminGate that accepts every password. The username is the
// role.
type OpenGate struct{}

// Authenticate implements httpx.AdminGate.
func (OpenGate) Authenticate(_ context.Context, username, _ string, _ netip.Addr) (httpx.Principal, error) {
	role, err := httpx.ParseRole(username)
	if err != nil {
		return httpx.Principal{}, fault.New(fault.Unauthenticated, "unauthenticated", "no such operator")
	}
	return httpx.Principal{Username: username, Role: role}, nil
}
