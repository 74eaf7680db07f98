package admin

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

// desk is the admin surface with its real gate and its real audit log.
type desk struct {
	*office
	api *testkit.API
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	o := newOffice(t)
	return &desk{o, testkit.Surface(t, fx.Supply(o.Service), httpx.Provide(newAdminRoutes),
		fx.Provide(func() httpx.AdminGate { return o.Service }, func() httpx.Auditor { return o.Service }))}
}

func (d *desk) root() *testkit.API { return d.api.Admin("root", password) }

// audited are the rows about the target, newest first.
func (d *desk) audited(query string) []auditView {
	d.Helper()
	return testkit.Into[httpx.List[auditView]](d.root().Get("/api/v1/admin/audit?" + query).Want(http.StatusOK)).Items
}

const accounts = "/api/v1/admin/admin-accounts"

func TestOperatorsAreMadeChangedAndShutOut(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	body := map[string]any{"username": "Anna", "password": other, "role": "operator"}
	made := d.root().Post(accounts, body).Want(http.StatusCreated)
	require.Equal(t, accounts+"/anna", made.Header.Get("Location"))
	d.root().Post(accounts, body).Want(http.StatusOK)
	body["role"] = "viewer"
	d.root().Post(accounts, body).Refused(http.StatusConflict, "admin_exists")

	anna := d.api.Admin("anna", other)
	require.Equal(t, "anna", testkit.Into[accountView](anna.Get("/api/v1/admin/me").Want(http.StatusOK)).Username)
	anna.Get(accounts).Refused(http.StatusForbidden, "forbidden")
	d.root().Post(accounts+"/anna/role", map[string]any{"role": "admin"}).Want(http.StatusOK)
	anna.Get(accounts).Want(http.StatusOK)
	d.root().Post(accounts+"/anna/reset-password", map[string]any{"password": "yet another password"}).Want(http.StatusOK)
	anna.Get("/api/v1/admin/me").Refused(http.StatusUnauthorized, "unauthenticated")
	anna = d.api.Admin("anna", "yet another password")
	anna.Get("/api/v1/admin/me").Want(http.StatusOK)
	d.root().Post(accounts+"/anna/disable", nil).Want(http.StatusOK)
	anna.Get("/api/v1/admin/me").Refused(http.StatusUnauthorized, "unauthenticated")
	d.root().Post(accounts+"/root/disable", nil).Refused(http.StatusConflict, "last_admin")
	d.root().Post(accounts+"/root/role", map[string]any{"role": "viewer"}).Refused(http.StatusConflict, "last_admin")
	d.root().Post(accounts+"/anna/enable", nil).Want(http.StatusOK)
	anna.Get("/api/v1/admin/me").Want(http.StatusOK)
	require.False(t, testkit.Into[accountView](d.root().Get(accounts+"/ANNA").Want(http.StatusOK)).Bootstrap)
	d.root().Get(accounts+"/nobody").Refused(http.StatusNotFound, "not_found")
	d.root().Post(accounts+"/nobody/disable", nil).Refused(http.StatusNotFound, "not_found")
}

func TestWeakPasswordsAreRefusedWhereverTheyAreSet(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, weak := range []string{"fourteen bytes", strings.Repeat("x", 73), strings.Repeat("ä", 37), password + "\t"} {
		d.root().Post(accounts, map[string]any{"username": "anna", "password": weak, "role": "viewer"}).Refused(http.StatusUnprocessableEntity, "weak_password")
		d.root().Post(accounts+"/root/reset-password", map[string]any{"password": weak}).Refused(http.StatusUnprocessableEntity, "weak_password")
	}
	d.root().Get("/api/v1/admin/me").Want(http.StatusOK)
}

func TestEveryMutationLeavesExactlyOneRowHoweverItEnds(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.root().Post(accounts, map[string]any{"username": "anna", "password": other, "role": "viewer"}).Want(http.StatusCreated)
	anna := d.api.Admin("anna", other)
	anna.Post(accounts+"/root/disable", nil).Refused(http.StatusForbidden, "forbidden")
	d.root().Post(accounts+"/root/disable", nil).Refused(http.StatusConflict, "last_admin")
	d.api.Admin("anna", "not her password at all").Post(accounts+"/root/disable", nil).Refused(http.StatusUnauthorized, "unauthenticated")
	d.api.Lenient().Post(accounts+"/root/disable", nil).Refused(http.StatusUnauthorized, "unauthenticated")
	rows := d.audited("limit=200")
	type row struct {
		actor, role string
		outcome     Outcome
		reason      string
	}
	var got []row
	for _, r := range rows {
		require.NotEmpty(t, r.RequestID)
		require.Equal(t, "127.0.0.1", r.Source)
		reason := ""
		if r.Reason != nil {
			reason = *r.Reason
		}
		got = append(got, row{r.Actor, r.Role, r.Outcome, reason})
	}
	require.Equal(t, []row{
		{"anonymous", "none", Refused, "unauthenticated"},
		{"anna", "none", Refused, "unauthenticated"},
		{"root", "admin", Refused, "last_admin"},
		{"anna", "viewer", Refused, "forbidden"},
		{"root", "admin", Succeeded, ""},
	}, got)
	require.Len(t, d.audited("actor=root&action=admin.create&target=admin:anna&since=2026-03-01T00:00:00Z"), 1)
	first := testkit.Into[httpx.List[auditView]](d.root().Get("/api/v1/admin/audit?limit=3").Want(http.StatusOK))
	rest := d.audited("limit=3&cursor=" + *first.NextCursor)
	require.Equal(t, rows[3:], rest)
	d.root().Get("/api/v1/admin/audit?cursor=forged").Refused(http.StatusBadRequest, "invalid_request")
}
