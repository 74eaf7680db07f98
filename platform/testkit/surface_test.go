package testkit_test

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

func TestTheOpenGateTakesTheRoleFromTheUsername(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"viewer", "operator", "admin"} {
		p, err := testkit.OpenGate{}.Authenticate(t.Context(), role, "any password", netip.Addr{})
		require.NoError(t, err)
		want, err := httpx.ParseRole(role)
		require.NoError(t, err)
		require.Equal(t, httpx.Principal{Username: role, Role: want}, p)
	}
	_, err := testkit.OpenGate{}.Authenticate(t.Context(), "root", "any password", netip.Addr{})
	require.Equal(t, 401, fault.From(err).Code.Status())
}

func TestASurfaceServesTheProbesOfTheRealServer(t *testing.T) {
	t.Parallel()
	api := testkit.Surface(t)
	api.Get("/readyz").Want(200)
	missing, err := testkit.Unexercised("/readyz")
	require.NoError(t, err)
	require.Empty(t, missing)
}
