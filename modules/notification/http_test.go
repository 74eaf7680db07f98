package notification

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

const inboxPath = "/api/v1/user/notifications"

// serve makes a client of the domain's routes.
func (f *fixture) serve() *testkit.API {
	f.t.Helper()
	return testkit.Surface(f.t, fx.Supply(f.service), fx.Supply(fx.Annotate(f.accounts, fx.As(new(httpx.UserGate)))),
		httpx.Provide(newUserRoutes))
}

func list(api *testkit.API, user uuid.UUID, query string) inboxView {
	return testkit.Into[inboxView](api.User(user).Get(inboxPath + query).Want(http.StatusOK))
}

func TestUsersListTheirOwnInbox(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna, bob := f.newUser("anna"), f.newUser("bob")
	for i := range 3 {
		f.submit(turnReady(fmt.Sprint(i), anna))
	}
	api := f.serve()
	all := list(api, anna, "")
	require.Len(t, all.Items, 3)
	require.Equal(t, 3, all.Unread)
	require.Nil(t, all.NextCursor)
	require.Equal(t, KindGameTurnReady, all.Items[0].Kind)
	first := list(api, anna, "?limit=2")
	require.Equal(t, all.Items[:2], first.Items)
	rest := list(api, anna, "?limit=2&cursor="+*first.NextCursor)
	require.Equal(t, all.Items[2:], rest.Items)
	require.Nil(t, rest.NextCursor)
	empty := list(api, bob, "")
	require.Empty(t, empty.Items)
	require.Zero(t, empty.Unread)
}

func TestUsersMarkWhatTheyHaveRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna, bob := f.newUser("anna"), f.newUser("bob")
	for i := range 3 {
		f.submit(turnReady(fmt.Sprint(i), anna))
	}
	api := f.serve()
	all := list(api, anna, "")
	one := inboxPath + "/" + all.Items[0].ID.String() + "/read"
	api.User(bob).Post(one, nil).Refused(http.StatusNotFound, "not_found")
	api.User(anna).Post(one, nil).Want(http.StatusNoContent)
	api.User(anna).Post(one, nil).Want(http.StatusNoContent)
	unread := list(api, anna, "?unread=true")
	require.Equal(t, all.Items[1:], unread.Items)
	require.Equal(t, 2, unread.Unread)
	api.User(bob).Post(inboxPath+"/read-all", nil).Want(http.StatusNoContent)
	require.Equal(t, 2, list(api, anna, "").Unread)
	api.User(anna).Post(inboxPath+"/read-all", nil).Want(http.StatusNoContent)
	require.Zero(t, list(api, anna, "").Unread)
	require.Empty(t, list(api, anna, "?unread=true").Items)
}

func TestTheInboxRefusesWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	anna := f.newUser("anna")
	api := f.serve()
	api.User(anna).Get(inboxPath+"?cursor=forged").Refused(http.StatusBadRequest, "invalid_request")
	api.User(uuid.New()).Get(inboxPath).Refused(http.StatusUnauthorized, "user_unknown")
	api.User(anna).Post(inboxPath+"/"+uuid.NewString()+"/read", nil).Refused(http.StatusNotFound, "not_found")
	lenient := api.Lenient()
	lenient.User(anna).Get(inboxPath+"?unread=maybe").Refused(http.StatusBadRequest, "invalid_request")
	lenient.User(anna).Get(inboxPath+"?limit=0").Refused(http.StatusBadRequest, "invalid_request")
	lenient.User(anna).Post(inboxPath+"/one/read", nil).Refused(http.StatusBadRequest, "invalid_request")
	f.exec(`ALTER TABLE notification_recipients RENAME TO elsewhere`)
	api.User(anna).Get(inboxPath).Refused(http.StatusInternalServerError, "internal_error")
}
