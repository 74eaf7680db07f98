package auth_test

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// access is what a user route answers to whom. The owner is whose things the
// path and the body name.
type access struct {
	body     map[string]any // "{challenge}", "{code}" and "{session_id}" are the owner's
	owner    int
	stranger int // 0: the route names nothing, everybody reaches his own things
}

// userRoutes has a line for every route of the identity domains on the user
// surface, in the order in which the owner calls them.
var userRoutes = []struct {
	op string
	access
}{
	{"getAccount", access{nil, 200, 0}},
	{"updateAccount", access{map[string]any{"display_name": "Ada"}, 200, 0}},
	{"getEntitlements", access{nil, 200, 0}},
	{"exportAccount", access{nil, 200, 0}},
	{"requestEmailChange", access{map[string]any{"email": "other@example.org"}, 200, 0}},
	{"confirmEmailChange", access{map[string]any{"challenge_id": "{challenge}", "code": "{code}"}, 200, 400}},
	{"listMySessions", access{nil, 200, 0}},
	{"revokeMyOtherSessions", access{map[string]any{"device_session_id": "{session_id}"}, 200, 404}},
	{"revokeMySession", access{nil, 204, 404}},
	{"revokeAllMySessions", access{nil, 200, 0}},
	{"deleteAccount", access{nil, 204, 0}},
}

// routes is every route of the identity domains on a surface, by operation.
func (h *house) routes(surface httpx.Surface) map[string]httpx.Route {
	out := map[string]httpx.Route{}
	for _, table := range h.tables {
		if table.Surface != surface || !slices.Contains([]string{"auth", "user", "geo"}, table.Module) {
			continue
		}
		for _, r := range table.Routes {
			out[r.Op] = r
		}
	}
	return out
}

// call is one request to a route, its placeholders filled.
func (h *house) call(api *testkit.API, prefix string, r httpx.Route, body map[string]any, fill *strings.Replacer) testkit.Reply {
	h.Helper()
	if body == nil {
		return api.Call(r.Method, prefix+fill.Replace(r.Path), nil)
	}
	filled := map[string]any{}
	for k, v := range body {
		filled[k] = fill.Replace(v.(string))
	}
	return api.Call(r.Method, prefix+fill.Replace(r.Path), filled)
}

var requestID = regexp.MustCompile(`"request_id":"[^"]*"`)

// refusal is a reply without what names the request.
func refusal(r testkit.Reply) string {
	return strconv.Itoa(r.Status) + requestID.ReplaceAllString(string(r.Body), "")
}

// possessions is everything the database says about a user.
func (h *house) possessions(id uuid.UUID) string {
	h.Helper()
	text, err := pg.Get[string](h.Context(), h.db, `
SELECT concat((SELECT to_jsonb(a) FROM accounts a WHERE user_id = $1), (SELECT jsonb_agg(s ORDER BY device_session_id) FROM device_sessions s WHERE user_id = $1))`, id)
	require.NoError(h, err)
	return text
}

// Every user route, as the tables of the domains have them, for the owner of what
// it names, a stranger, a blocked user and a deleted one. What is somebody else's
// is told from what does not exist by nothing. The owner comes last: his calls
// change things.
func TestNobodyReachesWhatIsNotHis(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	owner, stranger := h.entry(post, "owner@example.org", newDevice(t)), h.entry(post, "stranger@example.org", newDevice(t))
	blocked, deleted := h.quick("blocked@example.org"), h.quick("deleted@example.org")
	_, _, err := h.users.ApplySanction(t.Context(), blocked.ID, user.SanctionTerms{Kind: user.PermanentBlock, Reason: "cheating"})
	require.NoError(t, err)
	require.NoError(t, h.users.Delete(t.Context(), deleted.ID))
	c, err := h.auth.SendEmailChange(t.Context(), owner.User, "new@example.org")
	require.NoError(t, err)
	his := strings.NewReplacer("{session_id}", owner.Session.String(), "{challenge}", c.ChallengeID.String(), "{code}", post.last("new@example.org"))
	nobodys := strings.NewReplacer("{session_id}", uuid.Must(uuid.NewV7()).String(), "{challenge}", uuid.Must(uuid.NewV7()).String(), "{code}", "0000-0000")

	routes := h.routes(httpx.SurfaceUser)
	require.Len(t, userRoutes, len(routes), "every route has a line")
	before := h.possessions(owner.User)
	for _, who := range userRoutes {
		r, known := routes[who.op]
		require.True(t, known, "there is no route "+who.op)
		as := func(id uuid.UUID, fill *strings.Replacer) testkit.Reply {
			return h.call(h.api.User(id), "/api/v1/user", r, who.body, fill)
		}
		as(blocked.ID, his).Refused(403, "account_blocked")
		as(deleted.ID, his).Refused(401, "user_unknown")
		got := as(stranger.User, his)
		if who.stranger != 0 {
			require.Equal(t, who.stranger, got.Status, who.op)
			require.Equal(t, refusal(as(stranger.User, nobodys)), refusal(got), who.op)
		} else {
			require.Equal(t, who.owner, got.Status, who.op)
			for _, secret := range []string{owner.User.String(), owner.Session.String(), "owner@example.org"} {
				require.NotContains(t, string(got.Body), secret, who.op)
			}
		}
		require.Equal(t, before, h.possessions(owner.User), who.op+" touched what is the owner's")
	}
	for _, who := range userRoutes {
		h.call(h.api.User(owner.User), "/api/v1/user", routes[who.op], who.body, his).Want(who.owner)
	}
}

// something is a body where a route could take one.
func something(r httpx.Route) map[string]any {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return nil
	}
	return map[string]any{"reason": "none of your business"}
}

// Every admin route of the identity domains for who is no operator, or one of too
// low a role.
func TestOnlyOperatorsOfTheRoleReachAdminRoutes(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	me := h.entry(post, "ada@example.org", newDevice(t))
	fill := strings.NewReplacer("{user_id}", me.User.String(), "{session_id}", me.Session.String(),
		"{sanction_id}", uuid.Must(uuid.NewV7()).String(), "{name}", "active_memberships")
	before, reads := h.possessions(me.User), 0
	for op, r := range h.routes(httpx.SurfaceAdmin) {
		as := func(api *testkit.API) testkit.Reply {
			return h.call(api.Lenient(), "/api/v1/admin", r, something(r), fill)
		}
		as(h.api).Refused(401, "unauthenticated")
		as(h.api.User(me.User)).Refused(401, "unauthenticated")
		as(h.api.Admin(me.User.String(), password)).Refused(401, "unauthenticated")
		if r.Role == httpx.Viewer {
			require.Equal(t, http.MethodGet, r.Method, op+" changes something")
			require.NotContains(t, []int{401, 403}, as(h.api.Admin(viewer, password)).Status, op)
			reads++
			continue
		}
		as(h.api.Admin(viewer, password)).Refused(403, "forbidden")
	}
	require.NotZero(t, reads)
	require.Equal(t, before, h.possessions(me.User))
	for op, r := range h.routes(httpx.SurfaceUser) {
		require.Equal(t, 401, h.call(h.admin().Lenient(), "/api/v1/user", r, something(r), fill).Status, op)
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
