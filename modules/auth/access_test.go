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

// access is what a user route answers to whom. The owner is whose data the path and
// the body name.
type access struct {
	body  map[string]any // "{challenge}", "{code}" and "{session_id}" are the owner's
	owner int
	other int // to another user; 0: the route names nothing, everybody reaches their own data
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
func (f *fixture) routes(surface httpx.Surface) map[string]httpx.Route {
	out := map[string]httpx.Route{}
	for _, table := range f.routeTables {
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
func (f *fixture) call(
	api *testkit.API, prefix string, r httpx.Route, body map[string]any, fill *strings.Replacer,
) testkit.Reply {
	f.Helper()
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

// dataOf is everything the database holds on a user's account and sessions.
func (f *fixture) dataOf(id uuid.UUID) string {
	f.Helper()
	text, err := pg.Get[string](f.Context(), f.db, `
SELECT concat((SELECT to_jsonb(a) FROM accounts a WHERE user_id = $1), (SELECT jsonb_agg(s ORDER BY device_session_id) FROM device_sessions s WHERE user_id = $1))`, id)
	require.NoError(f, err)
	return text
}

// Every user route, as the tables of the domains have them, for the owner of what
// it names, another user, a blocked and a deleted one. The answer does not tell
// another user's data from none. The owner comes last: those calls change the data.
func TestUsersReachOnlyWhatIsTheirOwn(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	owner, other := f.signInDirectly("owner@example.org", newDevice(t)),
		f.signInDirectly("second@example.org", newDevice(t))
	blocked, deleted := f.register("blocked@example.org"), f.register("deleted@example.org")
	_, _, err := f.users.ApplySanction(t.Context(), blocked.ID,
		user.SanctionTerms{Kind: user.PermanentBlock, Reason: "cheating"})
	require.NoError(t, err)
	require.NoError(t, f.users.Delete(t.Context(), deleted.ID))
	c, err := f.auth.SendEmailChange(t.Context(), owner.User, "new@example.org")
	require.NoError(t, err)
	owned := strings.NewReplacer("{session_id}", owner.Session.String(), "{challenge}", c.ChallengeID.String(), "{code}",
		f.mailer.LastCode("new@example.org"))
	unknown := strings.NewReplacer("{session_id}", uuid.Must(uuid.NewV7()).String(), "{challenge}",
		uuid.Must(uuid.NewV7()).String(), "{code}", "0000-0000")

	routes := f.routes(httpx.SurfaceUser)
	require.Len(t, userRoutes, len(routes), "every route has a line")
	before := f.dataOf(owner.User)
	for _, route := range userRoutes {
		r, known := routes[route.op]
		require.True(t, known, "unknown route "+route.op)
		as := func(id uuid.UUID, fill *strings.Replacer) testkit.Reply {
			return f.call(f.api.User(id), "/api/v1/user", r, route.body, fill)
		}
		as(blocked.ID, owned).Refused(403, "account_blocked")
		as(deleted.ID, owned).Refused(401, "user_unknown")
		got := as(other.User, owned)
		if route.other != 0 {
			require.Equal(t, route.other, got.Status, route.op)
			require.Equal(t, refusal(as(other.User, unknown)), refusal(got), route.op)
		} else {
			require.Equal(t, route.owner, got.Status, route.op)
			for _, secret := range []string{owner.User.String(), owner.Session.String(), "owner@example.org"} {
				require.NotContains(t, string(got.Body), secret, route.op)
			}
		}
		require.Equal(t, before, f.dataOf(owner.User), route.op+" changed the data of the owner")
	}
	for _, route := range userRoutes {
		f.call(f.api.User(owner.User), "/api/v1/user", routes[route.op], route.body, owned).Want(route.owner)
	}
}

// anyBody is a body where a route could take one.
func anyBody(r httpx.Route) map[string]any {
	if r.Method == http.MethodGet || r.Method == http.MethodDelete {
		return nil
	}
	return map[string]any{"reason": "test"}
}

// Every admin route of the identity domains for a client that is not an operator,
// or has too low a role.
func TestOnlyOperatorsOfTheRoleReachAdminRoutes(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(t))
	fill := strings.NewReplacer("{user_id}", me.User.String(), "{session_id}", me.Session.String(),
		"{sanction_id}", uuid.Must(uuid.NewV7()).String(), "{name}", "active_memberships")
	before, reads := f.dataOf(me.User), 0
	for op, r := range f.routes(httpx.SurfaceAdmin) {
		as := func(api *testkit.API) testkit.Reply {
			return f.call(api.Lenient(), "/api/v1/admin", r, anyBody(r), fill)
		}
		as(f.api).Refused(401, "unauthenticated")
		as(f.api.User(me.User)).Refused(401, "unauthenticated")
		as(f.api.Admin(me.User.String(), password)).Refused(401, "unauthenticated")
		if r.Role == httpx.Viewer {
			require.Equal(t, http.MethodGet, r.Method, op+" changes something")
			require.NotContains(t, []int{401, 403}, as(f.api.Admin(viewer, password)).Status, op)
			reads++
			continue
		}
		as(f.api.Admin(viewer, password)).Refused(403, "forbidden")
	}
	require.NotZero(t, reads)
	require.Equal(t, before, f.dataOf(me.User))
	for op, r := range f.routes(httpx.SurfaceUser) {
		require.Equal(t, 401, f.call(f.admin().Lenient(), "/api/v1/user", r, anyBody(r), fill).Status, op)
	}
}

func TestTheUserHeaderIsOneCanonicalUUID(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(t)).User
	for name, values := range map[string][]string{
		"missing": nil, "empty": {""}, "two values": {me.String(), me.String()}, "list": {me.String() + "," + me.String()},
		"not a UUID": {"ada"}, "upper case": {strings.ToUpper(me.String())}, "urn": {"urn:uuid:" + me.String()},
		"nil": {uuid.Nil.String()},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.base+accountPath, nil)
		require.NoError(t, err)
		for _, v := range values {
			req.Header.Add("X-User-ID", v)
		}
		require.Equal(t, 401, f.api.Lenient().Do(req).Status, name)
	}
	f.api.User(uuid.Must(uuid.NewV7())).Get(accountPath).Refused(401, "user_unknown")
	f.api.User(me).Post(publicPath+"send-email-code", map[string]any{"email": "bob@example.org", "language": "en"}).
		Want(200)
}
