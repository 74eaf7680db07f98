package user_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

// answer is a status and, for a refusal, its reason code.
type answer struct {
	status int
	reason string
}

var (
	notFound       = answer{404, "not_found"}
	accountDeleted = answer{409, "account_deleted"}
	accountErased  = answer{409, "account_erased"}
)

func requireAnswer(t *testing.T, want answer, got testkit.Reply) {
	t.Helper()
	if want.reason == "" {
		got.Want(want.status)
		return
	}
	got.Refused(want.status, want.reason)
}

// adminRoutes is every route about one user, with what it answers for an account
// that does not exist, is deleted, and is erased.
var adminRoutes = []struct {
	method, path             string
	body                     map[string]any
	unknown, deleted, erased answer
}{
	{"GET", "", nil, notFound, answer{status: 200}, answer{status: 200}},
	{"GET", "/export", nil, notFound, answer{status: 200}, answer{status: 200}},
	{"GET", "/notes", nil, notFound, answer{status: 200}, answer{status: 200}},
	{"GET", "/entitlements", nil, notFound, answer{status: 200}, answer{status: 200}},
	{"GET", "/sanctions", nil, notFound, answer{status: 200}, answer{status: 200}},
	{"GET", "/limits", nil, notFound, answer{status: 200}, answer{status: 200}},
	{"POST", "/notes", object{"text": "x"}, notFound, answer{status: 201}, accountErased},
	{"POST", "/entitlements", object{"plan": "monthly", "reason": "x"}, notFound, accountDeleted, accountDeleted},
	{"POST", "/sanctions", object{"kind": "login_block", "reason": "x"}, notFound, accountDeleted, accountDeleted},
	{"DELETE", "/sanctions/0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d", nil, notFound, accountDeleted, accountDeleted},
	{"PUT", "/limits/active_memberships", object{"value": 1, "reason": "x"}, notFound, accountDeleted, accountDeleted},
	{"DELETE", "/limits/active_memberships", nil, notFound, accountDeleted, accountDeleted},
	{"POST", "/soft-delete", nil, notFound, answer{status: 200}, answer{status: 200}},
	{"POST", "/restore", nil, notFound, answer{status: 200}, accountErased},
}

// call sends a body, or none when there is none.
func call(api *testkit.API, method, path string, body object) testkit.Reply {
	if body == nil {
		return api.Call(method, path, nil)
	}
	return api.Call(method, path, body)
}

func TestOperatorsRoutesRefuseAccountsThatAreNotThere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	unknown := uuid.Must(uuid.NewV7())
	erased := f.register("erased@example.org").ID
	f.softDelete(erased).Want(200)
	f.sweep(grace)
	for _, route := range adminRoutes {
		deleted := f.register("deleted@example.org").ID
		f.softDelete(deleted).Want(200)
		requireAnswer(t, route.unknown, call(f.admin(), route.method, userPath(unknown, route.path), route.body))
		requireAnswer(t, route.deleted, call(f.admin(), route.method, userPath(deleted, route.path), route.body))
		requireAnswer(t, route.erased, call(f.admin(), route.method, userPath(erased, route.path), route.body))
		if route.path == "/restore" {
			f.softDelete(deleted).Want(200)
		}
	}
}

func TestAViewerReadsAllButExportsAndChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.register("ada@example.org").ID
	viewer, wrong := f.api.Admin("viewer", password), f.api.Admin(operator, "wrong")
	for _, route := range adminRoutes {
		path := userPath(id, route.path)
		call(wrong, route.method, path, route.body).Refused(401, "unauthenticated")
		if route.method == http.MethodGet && route.path != "/export" {
			call(viewer, route.method, path, nil).Want(200)
			continue
		}
		call(viewer, route.method, path, route.body).Refused(403, "forbidden")
	}
	viewer.Get("/api/v1/admin/users").Want(200)
	wrong.Get("/api/v1/admin/users").Refused(401, "unauthenticated")
	require.Equal(t, 1, f.count(`SELECT version FROM accounts`))
}

func TestTheUserSurfaceAdmitsLiveAccountsAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	deleted, blocked := f.register("deleted@example.org").ID, f.register("blocked@example.org").ID
	live := f.register("live@example.org").ID
	f.softDelete(deleted).Want(200)
	f.sanction(blocked, object{"kind": "permanent_block", "reason": "cheating"}).Want(201)
	for _, kind := range []string{"login_block", "game_create_block", "game_join_block", "profile_update_block"} {
		f.sanction(live, object{"kind": kind, "reason": "spam"}).Want(201)
	}
	routes := []struct {
		method, path string
		body         map[string]any
		live         answer
	}{
		{"GET", account, nil, answer{status: 200}},
		{"GET", account + "/entitlements", nil, answer{status: 200}},
		{"GET", account + "/export", nil, answer{status: 200}},
		{"PATCH", account, object{"display_name": "X"}, answer{403, "profile_update_blocked"}},
		{"DELETE", account, nil, answer{status: 204}},
	}
	for _, route := range routes {
		for _, unknown := range []uuid.UUID{uuid.Must(uuid.NewV7()), deleted} {
			call(f.api.User(unknown), route.method, route.path, route.body).Refused(401, "user_unknown")
		}
		body := call(f.api.User(blocked), route.method, route.path, route.body).Refused(403, "account_blocked").Body
		require.Contains(t, string(body), "cheating", "the reason is shown to the user")
		call(f.api, route.method, route.path, route.body).Want(401)
		requireAnswer(t, route.live, call(f.api.User(live), route.method, route.path, route.body))
	}
}

func TestABlockWithAnEndAdmitsAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.register("ada@example.org").ID
	f.admin().Post(userPath(id, "/sanctions"),
		object{"kind": "permanent_block", "reason": "x", "expires_at": noon.Add(time.Hour)}).Want(201)
	f.clock.Set(noon.Add(time.Hour - time.Microsecond))
	f.api.User(id).Get(account).Refused(403, "account_blocked")
	f.clock.Set(noon.Add(time.Hour))
	f.api.User(id).Get(account).Want(200)
}

// The schema stops these before the service sees them.
func TestBodiesOutsideTheSchemaAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.register("ada@example.org").ID
	for name, c := range map[string]struct {
		path string
		body map[string]any
		want answer
	}{
		"a plan that does not exist":     {"/entitlements", object{"plan": "gold", "reason": "x"}, answer{422, "validation_failed"}},
		"a source that does not exist":   {"/entitlements", object{"plan": "free", "reason": "x", "source": "expiry"}, answer{422, "validation_failed"}},
		"a grant without a reason":       {"/entitlements", object{"plan": "free"}, answer{422, "validation_failed"}},
		"a sanction that does not exist": {"/sanctions", object{"kind": "shadow_ban", "reason": "x"}, answer{422, "validation_failed"}},
		"a sanction without a reason":    {"/sanctions", object{"kind": "login_block", "reason": ""}, answer{422, "validation_failed"}},
		"an end that is no time":         {"/sanctions", object{"kind": "login_block", "reason": "x", "expires_at": "soon"}, answer{422, "validation_failed"}},
		"a note without text":            {"/notes", object{"text": ""}, answer{422, "validation_failed"}},
		"a note that is too long":        {"/notes", object{"text": strings.Repeat("x", 4001)}, answer{422, "validation_failed"}},
		"an unknown field":               {"/notes", object{"text": "x", "author": "me"}, answer{400, "invalid_request"}},
		"a sanction with an actor":       {"/sanctions", object{"kind": "login_block", "reason": "x", "actor": "me"}, answer{400, "invalid_request"}},
		"a value that is no number":      {"/limits/active_memberships", object{"value": "many", "reason": "x"}, answer{422, "validation_failed"}},
		"a limit that is too large":      {"/limits/active_memberships", object{"value": 1 << 40, "reason": "x"}, answer{422, "validation_failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			method := http.MethodPost
			if strings.HasPrefix(c.path, "/limits") {
				method = http.MethodPut
			}
			requireAnswer(t, c.want, f.admin().In(t).Lenient().Call(method, userPath(id, c.path), c.body))
		})
	}
	require.Equal(t, 1, f.count(`SELECT count(*) FROM entitlement_records`))
	require.Zero(t, f.count(`SELECT (SELECT count(*) FROM sanctions) + (SELECT count(*) FROM account_notes) + (SELECT count(*) FROM limit_overrides)`))
}
