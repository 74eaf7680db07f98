package lobby

import (
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

const (
	adminGames        = "/api/v1/admin/games/"
	adminApplications = "/api/v1/admin/applications/"
)

func TestOperatorsDecideApplicationsOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	operator, viewer := f.api.Admin("operator", "x"), f.api.Admin("viewer", "x")
	g := f.opened(root, byApplying)
	a, err := f.apply(g, p[0], "Zorg")
	require.NoError(t, err)
	b, err := f.apply(g, p[1], "Vogon")
	require.NoError(t, err)
	before := len(f.auditor.Entries())

	require.Len(t, items(viewer.Get(adminGames+g.ID.String()+"/applications")), 2)
	viewer.Post(adminApplications+a.ID.String()+"/approve", nil).Refused(403, "forbidden")
	viewer.Post(adminApplications+b.ID.String()+"/reject", nil).Refused(403, "forbidden")
	operator.Post(adminApplications+a.ID.String()+"/approve", nil).Want(200)
	operator.Post(adminApplications+b.ID.String()+"/reject", object{"reason": "full"}).Want(200)
	require.Equal(t, []string{"application.approve", "application.reject"}, f.auditor.Actions()[before:])
	operator.Post(adminApplications+a.ID.String()+"/reject", nil).Refused(409, "application_decided")
	require.Len(t, f.auditor.Entries(), before+2, "what is refused is not recorded as done")
}

func TestAnOperatorReplacesAMemberOverHTTP(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	operator, viewer := f.api.Admin("operator", "x"), f.api.Admin("viewer", "x")
	g, races := f.running(root, p[:2]...)
	at := adminGames + g.ID.String() + "/memberships/" + p[1].String() + "/replace"
	body := object{"successor_user_id": p[2]}
	viewer.Post(at, body).Refused(403, "forbidden")
	operator.Post(at, body).Refused(409, "seat_not_free")
	require.NoError(t, f.games.Leave(t.Context(), p[1], g.ID))
	before := len(f.auditor.Entries())
	reply := testkit.Into[object](operator.Post(at, body).Want(200))
	require.Equal(t, []any{p[2].String(), races[1]}, []any{reply["user_id"], reply["race_name"]})
	entry := f.auditor.Entries()[before]
	require.Equal(t, "membership.replace", entry.Action)
	require.Equal(t, []any{object{"user_id": p[1]}, object{"user_id": p[2]}}, []any{entry.Before, entry.After})
}
