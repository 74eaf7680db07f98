package auth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
)

// userRoute is one route of the identity domains on the user surface. Object is
// put in place of {session_id}.
type userRoute struct {
	method, path string
	body         any
	owner        int // what the object's owner gets
	stranger     int // what another user gets for the same object; 0: his own things
}

var userRoutes = []userRoute{
	{http.MethodGet, "/account", nil, 200, 0},
	{http.MethodPatch, "/account", map[string]any{"display_name": "Ada"}, 200, 0},
	{http.MethodGet, "/account/entitlements", nil, 200, 0},
	{http.MethodGet, "/account/export", nil, 200, 0},
	{http.MethodPost, "/account/email", map[string]any{"email": "other@example.org"}, 200, 0},
	{http.MethodPost, "/account/email/confirm", map[string]any{"challenge_id": "{challenge}", "code": "{code}"}, 200, 400},
	{http.MethodGet, "/sessions", nil, 200, 0},
	{http.MethodPost, "/sessions/revoke-others", map[string]any{"device_session_id": "{session_id}"}, 200, 404},
	{http.MethodPost, "/sessions/{session_id}/revoke", nil, 204, 404},
	{http.MethodPost, "/sessions/revoke-all", nil, 200, 0},
	{http.MethodDelete, "/account", nil, 204, 0},
}

// Every user route for the owner of what it names, a stranger, a blocked user
// and a deleted one. The owner comes last: his calls change things.
func TestNobodyReachesWhatIsNotHis(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	owner, stranger := h.entry(post, "owner@example.org", newDevice(t)), h.entry(post, "stranger@example.org", newDevice(t))
	blocked, deleted := h.quick("blocked@example.org"), h.quick("deleted@example.org")
	_, _, err := h.users.Sanction(t.Context(), blocked.ID, user.Penalty{Kind: user.PermanentBlock, Reason: "cheating"})
	require.NoError(t, err)
	require.NoError(t, h.users.Delete(t.Context(), deleted.ID))
	c, err := h.auth.SendEmailChange(t.Context(), owner.User, "new@example.org")
	require.NoError(t, err)
	fill := strings.NewReplacer("{session_id}", owner.Session.String(), "{challenge}", c.ChallengeID.String(), "{code}", post.last("new@example.org"))
	call := func(as uuid.UUID, r userRoute) (int, string) {
		var body any
		if fields, ok := r.body.(map[string]any); ok {
			filled := map[string]any{}
			for k, v := range fields {
				filled[k] = fill.Replace(v.(string))
			}
			body = filled
		}
		got := h.api.User(as).Call(r.method, "/api/v1/user"+fill.Replace(r.path), body)
		return got.Status, string(got.Body)
	}
	for _, r := range userRoutes {
		status, body := call(blocked.ID, r)
		require.Equal(t, 403, status, r.path)
		require.Contains(t, body, "account_blocked")
		status, body = call(deleted.ID, r)
		require.Equal(t, 401, status, r.path)
		require.Contains(t, body, "user_unknown")
		if r.stranger != 0 {
			status, _ = call(stranger.User, r)
			require.Equal(t, r.stranger, status, r.path)
			continue
		}
		if r.method == http.MethodGet {
			status, body = call(stranger.User, r)
			require.Equal(t, 200, status, r.path)
			require.NotContains(t, body, owner.User.String(), r.path)
			require.NotContains(t, body, "owner@example.org", r.path)
			require.NotContains(t, body, owner.Session.String(), r.path)
		}
	}
	for _, r := range userRoutes {
		status, body := call(owner.User, r)
		require.Equal(t, r.owner, status, r.path+" "+body)
	}
}

func TestAUserIsNamedOnceAndExactly(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	me := h.entry(post, "ada@example.org", newDevice(t)).User
	for name, values := range map[string][]string{
		"missing": nil, "empty": {""}, "two values": {me.String(), me.String()}, "list": {me.String() + "," + me.String()},
		"not a UUID": {"ada"}, "upper case": {strings.ToUpper(me.String())}, "urn": {"urn:uuid:" + me.String()}, "nil": {uuid.Nil.String()},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+"/api/v1/user/account", nil)
		require.NoError(t, err)
		for _, v := range values {
			req.Header.Add("X-User-ID", v)
		}
		require.Equal(t, 401, h.api.Lenient().Do(req).Status, name)
	}
	h.api.User(uuid.Must(uuid.NewV7())).Get("/api/v1/user/account").Refused(401, "user_unknown")
	h.api.User(me).Post(public+"send-email-code", map[string]any{"email": "bob@example.org", "language": "en"}).Want(200)
}
