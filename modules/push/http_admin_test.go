package push

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

func TestOperatorsSeeWhoIsConnectedAndWhatWasLost(t *testing.T) {
	t.Parallel()
	f := newFixture(t, clock.System{})
	api := testkit.Surface(t, fx.Supply(f.Service), fx.Provide(func() httpx.AdminGate { return testkit.OpenGate{} }),
		httpx.Provide(newAdminRoutes)).Admin("viewer", "secret")
	look := func() subscriberList {
		return testkit.Into[subscriberList](api.Get("/api/v1/admin/push/subscribers").Want(http.StatusOK))
	}
	require.Empty(t, look().Items)
	require.Equal(t, f.Epoch(), look().Epoch)

	h := f.hub // a gateway whose connection takes nothing yet
	sub, _ := subscribe(t, h, "gw", "")
	for range maxEvents + 5 {
		h.publish(clientEvent("e"))
	}
	h.take(sub, 11) // a gap and ten events
	got := look().Items
	require.Len(t, got, 1)
	require.Equal(t, "gw", got[0].GatewayClientID)
	require.EqualValues(t, 5, got[0].Dropped)
	require.EqualValues(t, 10, got[0].Delivered)
	require.Equal(t, maxEvents-10, got[0].Buffered)
	require.Equal(t, cursorOf(h.seq-uint64(got[0].Buffered)), got[0].Cursor)
}
