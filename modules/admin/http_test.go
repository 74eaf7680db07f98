package admin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

const accountsPath = "/api/v1/admin/admin-accounts"

func TestOperatorsAreCreatedChangedAndDisabled(t *testing.T) {
	t.Parallel()
	f := newAPIFixture(t)
	body := map[string]any{"username": "Anna", "password": otherPassword, "role": "operator"}
	created := f.root().Post(accountsPath, body).Want(http.StatusCreated)
	require.Equal(t, accountsPath+"/anna", created.Header.Get("Location"))
	f.root().Post(accountsPath, body).Want(http.StatusOK)
	body["role"] = "viewer"
	f.root().Post(accountsPath, body).Refused(http.StatusConflict, "admin_exists")

	anna := f.api.Admin("anna", otherPassword)
	require.Equal(t, "anna", testkit.Into[accountView](anna.Get("/api/v1/admin/me").Want(http.StatusOK)).Username)
	anna.Get(accountsPath).Refused(http.StatusForbidden, "forbidden")
	f.root().Post(accountsPath+"/anna/role", map[string]any{"role": "admin"}).Want(http.StatusOK)
	anna.Get(accountsPath).Want(http.StatusOK)
	f.root().Post(accountsPath+"/anna/reset-password", map[string]any{"password": thirdPassword}).Want(http.StatusOK)
	anna.Get("/api/v1/admin/me").Refused(http.StatusUnauthorized, "unauthenticated")
	anna = f.api.Admin("anna", thirdPassword)
	anna.Get("/api/v1/admin/me").Want(http.StatusOK)
	f.root().Post(accountsPath+"/anna/disable", nil).Want(http.StatusOK)
	anna.Get("/api/v1/admin/me").Refused(http.StatusUnauthorized, "unauthenticated")
	f.root().Post(accountsPath+"/root/disable", nil).Refused(http.StatusConflict, "last_admin")
	f.root().Post(accountsPath+"/root/role", map[string]any{"role": "viewer"}).Refused(http.StatusConflict, "last_admin")
	f.root().Post(accountsPath+"/anna/enable", nil).Want(http.StatusOK)
	anna.Get("/api/v1/admin/me").Want(http.StatusOK)
	require.False(t, testkit.Into[accountView](f.root().Get(accountsPath+"/ANNA").Want(http.StatusOK)).Bootstrap)
	f.root().Get(accountsPath+"/nobody").Refused(http.StatusNotFound, "not_found")
	f.root().Post(accountsPath+"/nobody/disable", nil).Refused(http.StatusNotFound, "not_found")
}

func TestWeakPasswordsAreRefusedWhereverTheyAreSet(t *testing.T) {
	t.Parallel()
	f := newAPIFixture(t)
	for _, weak := range []string{"fourteen bytes", strings.Repeat("x", 73), strings.Repeat("ä", 37), password + "\t"} {
		f.root().Post(accountsPath, map[string]any{"username": "anna", "password": weak, "role": "viewer"}).
			Refused(http.StatusUnprocessableEntity, "weak_password")
		f.root().Post(accountsPath+"/root/reset-password", map[string]any{"password": weak}).
			Refused(http.StatusUnprocessableEntity, "weak_password")
	}
	f.root().Get("/api/v1/admin/me").Want(http.StatusOK)
}

func TestEveryMutationLeavesExactlyOneAuditRow(t *testing.T) {
	t.Parallel()
	f := newAPIFixture(t)
	f.root().Post(accountsPath, map[string]any{"username": "anna", "password": otherPassword, "role": "viewer"}).
		Want(http.StatusCreated)
	anna := f.api.Admin("anna", otherPassword)
	anna.Post(accountsPath+"/root/disable", nil).Refused(http.StatusForbidden, "forbidden")
	f.root().Post(accountsPath+"/root/disable", nil).Refused(http.StatusConflict, "last_admin")
	f.api.Admin("anna", "not the password at all").Post(accountsPath+"/root/disable", nil).
		Refused(http.StatusUnauthorized, "unauthenticated")
	f.api.Lenient().Post(accountsPath+"/root/disable", nil).Refused(http.StatusUnauthorized, "unauthenticated")
	rows := f.audited("limit=200").Items
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
	require.Len(t, f.audited("actor=root&action=admin.create&target=admin:anna&since=2026-03-01T00:00:00Z").Items, 1)
	first := f.audited("limit=3")
	require.Equal(t, rows[:3], first.Items)
	rest := f.audited("limit=3&cursor=" + *first.NextCursor)
	require.Equal(t, rows[3:], rest.Items)
	require.Nil(t, rest.NextCursor)
	f.root().Get("/api/v1/admin/audit?cursor=forged").Refused(http.StatusBadRequest, "invalid_request")
}

func TestARoleMayDoWhatItsRoutesAllow(t *testing.T) {
	t.Parallel()
	f := newAPIFixture(t)
	for _, role := range []string{"viewer", "operator"} {
		f.root().Post(accountsPath, map[string]any{"username": role, "password": otherPassword, "role": role}).
			Want(http.StatusCreated)
		api := f.api.Admin(role, otherPassword)
		require.Equal(t, role, testkit.Into[accountView](api.Get("/api/v1/admin/me").Want(http.StatusOK)).Role.String())
		api.Get("/api/v1/admin/audit").Want(http.StatusOK)
		api.Get(accountsPath).Refused(http.StatusForbidden, "forbidden")
		api.Get(accountsPath+"/root").Refused(http.StatusForbidden, "forbidden")
		api.Post(accountsPath, map[string]any{"username": "anna", "password": otherPassword, "role": "admin"}).
			Refused(http.StatusForbidden, "forbidden")
		for _, change := range []string{"/disable", "/enable"} {
			api.Post(accountsPath+"/"+role+change, nil).Refused(http.StatusForbidden, "forbidden")
		}
		api.Post(accountsPath+"/"+role+"/role", map[string]any{"role": "admin"}).Refused(http.StatusForbidden, "forbidden")
		api.Post(accountsPath+"/"+role+"/reset-password", map[string]any{"password": thirdPassword}).
			Refused(http.StatusForbidden, "forbidden")
	}
	accounts := testkit.Into[httpx.List[accountView]](f.root().Get(accountsPath).Want(http.StatusOK))
	require.Len(t, accounts.Items, 3)
	require.Nil(t, accounts.NextCursor)
}

func TestAnAccountIsShownWithoutItsPassword(t *testing.T) {
	t.Parallel()
	f := newAPIFixture(t)
	f.root().Post(accountsPath, map[string]any{"username": "Anna", "password": otherPassword, "role": "viewer"}).
		Want(http.StatusCreated)
	require.JSONEq(t, `{"username":"anna","role":"viewer","enabled":true,"bootstrap_password":false,
		"created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:00Z","disabled_at":null}`,
		string(f.root().Get(accountsPath+"/anna").Want(http.StatusOK).Body))
	f.clock.Advance(time.Second)
	require.JSONEq(t, `{"username":"anna","role":"viewer","enabled":false,"bootstrap_password":false,
		"created_at":"2026-03-01T12:00:00Z","updated_at":"2026-03-01T12:00:01Z","disabled_at":"2026-03-01T12:00:01Z"}`,
		string(f.root().Post(accountsPath+"/anna/disable", nil).Want(http.StatusOK).Body))
}

func TestGuessingIsThrottledOverHTTP(t *testing.T) {
	t.Parallel()
	f := newAPIFixture(t)
	for range attemptsPerUsername {
		f.api.Admin("root", otherPassword).Get("/api/v1/admin/me").Refused(http.StatusUnauthorized, "unauthenticated")
	}
	refused := f.api.Admin("root", otherPassword).Get("/api/v1/admin/me").Refused(http.StatusTooManyRequests, "throttled")
	require.Equal(t, "12", refused.Header.Get("Retry-After"))
}
