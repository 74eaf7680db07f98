package push

import (
	"context"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

// viewers lets everybody look.
type viewers struct{}

func (viewers) Authenticate(context.Context, string, string, netip.Addr) (httpx.Principal, error) {
	return httpx.Principal{Username: "anna", Role: httpx.Viewer}, nil
}

func TestOperatorsSeeWhoIsConnectedAndWhatWasLost(t *testing.T) {
	t.Parallel()
	s := newStation(t, clock.System{})
	var server *httpx.Server
	testkit.Boot(t, httpx.Module,
		fx.Supply(httpx.Config{ListenAddr: "127.0.0.1:0", ShutdownTimeout: time.Second}, httpx.GatewayConfig{}, httpx.TLSConfig{}, s.Service),
		fx.Provide(func() httpx.AdminGate { return viewers{} }), httpx.Provide(newAdminRoutes), fx.Populate(&server))
	api := testkit.Client(t, "http://"+server.Addr().String()).Admin("anna", "secret")
	look := func() subscriberList {
		return testkit.Into[subscriberList](api.Get("/api/v1/admin/push/subscribers").Want(http.StatusOK))
	}
	require.Empty(t, look().Items)
	require.Equal(t, s.Epoch(), look().Epoch)

	h := s.hub // a gateway whose connection takes nothing yet
	sub, _ := subscribe(t, h, "gw", "")
	for range bufferedEvents + 5 {
		h.publish(clientEvent("e"))
	}
	h.take(sub, 11) // a gap and ten events
	got := look().Items
	require.Len(t, got, 1)
	require.Equal(t, "gw", got[0].GatewayClientID)
	require.EqualValues(t, 5, got[0].Dropped)
	require.EqualValues(t, 10, got[0].Delivered)
	require.Equal(t, bufferedEvents-10, got[0].Buffered)
	require.Equal(t, cursorOf(h.seq-uint64(got[0].Buffered)), got[0].Cursor)
}
