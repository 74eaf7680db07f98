package notification

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

// door lets the bureau's members in.
type door struct{ *bureau }

func (d door) Admit(_ context.Context, id uuid.UUID) error {
	if _, known := d.accounts[id]; !known {
		return fault.New(fault.Unauthenticated, "user_unknown", "no such user")
	}
	return nil
}

func TestUsersReadTheirOwnInboxAndNobodyElses(t *testing.T) {
	t.Parallel()
	b := newBureau(t, Config{})
	anna, bob := b.member("anna"), b.member("bob")
	for i := range 3 {
		b.submit(turnReady(fmt.Sprint(i), anna))
	}
	api := testkit.Surface(t, fx.Supply(b.service), fx.Provide(func() httpx.UserGate { return door{b} }), httpx.Provide(newUserRoutes))
	const at = "/api/v1/user/notifications"
	list := func(who uuid.UUID, query string) inboxView {
		return testkit.Into[inboxView](api.User(who).Get(at + query).Want(http.StatusOK))
	}

	all := list(anna, "")
	require.Len(t, all.Items, 3)
	require.Equal(t, 3, all.Unread)
	require.Equal(t, KindGameTurnReady, all.Items[0].Kind)
	first := list(anna, "?limit=2")
	require.Equal(t, all.Items[2:], list(anna, "?limit=2&cursor="+*first.NextCursor).Items)
	require.Empty(t, list(bob, "").Items)

	one := at + "/" + all.Items[0].ID.String() + "/read"
	api.User(bob).Post(one, nil).Refused(http.StatusNotFound, "not_found")
	api.User(anna).Post(one, nil).Want(http.StatusNoContent)
	api.User(anna).Post(one, nil).Want(http.StatusNoContent)
	require.Len(t, list(anna, "?unread=true").Items, 2)
	api.User(bob).Post(at+"/read-all", nil).Want(http.StatusNoContent)
	require.Equal(t, 2, list(anna, "").Unread)
	api.User(anna).Post(at+"/read-all", nil).Want(http.StatusNoContent)
	require.Zero(t, list(anna, "").Unread)
	api.User(anna).Get(at+"?cursor=forged").Refused(http.StatusBadRequest, "invalid_request")
	api.User(uuid.New()).Get(at).Refused(http.StatusUnauthorized, "user_unknown")
}
