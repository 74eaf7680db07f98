package user_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// auditRow is a row of the audit log as these tests compare it.
type auditRow struct {
	Action string          `db:"action"`
	Actor  string          `db:"actor"`
	Before json.RawMessage `db:"before"`
	After  json.RawMessage `db:"after"`
}

// lastAudit is the newest row about a user that succeeded.
func (f *fixture) lastAudit(target string) auditRow {
	f.Helper()
	row, err := pg.Get[auditRow](f.Context(), f.db, `SELECT action, actor, coalesce(before, 'null') AS before, coalesce(after, 'null') AS after
		FROM admin_audit WHERE target = $1 AND outcome = 'succeeded' ORDER BY audit_id DESC LIMIT 1`, target)
	require.NoError(f, err)
	return row
}

func TestEveryChangeOfAnOperatorIsAuditedWithBeforeAndAfter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.register("ada@example.org").ID
	ops := f.admin()
	for _, step := range []struct {
		do            func() testkit.Reply
		action        string
		before, after string
	}{
		{func() testkit.Reply {
			return ops.Post(userPath(id, "/entitlements"), object{"plan": "permanent", "reason": "founder"}).Want(201)
		}, "user.entitlement.grant", `{"plan": "free", "ends_at": null}`, `{"plan": "permanent", "ends_at": null}`},
		{func() testkit.Reply {
			return ops.Put(userPath(id, "/limits/active_memberships"), object{"value": 7, "reason": "x"}).Want(200)
		}, "user.limit.set", `{"name": "active_memberships", "value": 50}`,
			`{"name": "active_memberships", "value": 7, "expires_at": null}`},
		{func() testkit.Reply { return ops.Delete(userPath(id, "/limits/active_memberships")).Want(204) },
			"user.limit.clear", `{"name": "active_memberships", "value": 7}`, `{"name": "active_memberships", "value": 50}`},
		{func() testkit.Reply { return ops.Post(userPath(id, "/soft-delete"), nil).Want(200) },
			"user.soft_delete", `{"deleted": false}`, `{"deleted": true}`},
		{func() testkit.Reply { return ops.Post(userPath(id, "/soft-delete"), nil).Want(200) },
			"user.soft_delete", `{"deleted": true}`, `{"deleted": true}`},
		{func() testkit.Reply { return ops.Post(userPath(id, "/restore"), nil).Want(200) },
			"user.restore", `{"deleted": true}`, `{"deleted": false}`},
	} {
		step.do()
		row := f.lastAudit("user:" + id.String())
		require.Equal(t, step.action, row.Action)
		require.Equal(t, operator, row.Actor)
		require.JSONEq(t, step.before, string(row.Before), step.action)
		require.JSONEq(t, step.after, string(row.After), step.action)
	}

	type applied struct {
		ID string `json:"sanction_id"`
	}
	terms := object{"kind": "login_block", "reason": "spam", "expires_at": noon.Add(time.Hour)}
	sanction := testkit.Into[applied](ops.Post(userPath(id, "/sanctions"), terms).Want(201)).ID
	require.JSONEq(t, `{"sanction_id": "`+sanction+`", "kind": "login_block", "reason": "spam",
		"expires_at": "2026-03-01T13:00:00Z", "repeated": false}`, string(f.lastAudit("user:"+id.String()).After))
	ops.Post(userPath(id, "/sanctions"), terms).Want(200)
	require.Contains(t, string(f.lastAudit("user:"+id.String()).After), `"repeated": true`)
	ops.Delete(userPath(id, "/sanctions/"+sanction)).Want(204)
	row := f.lastAudit("user:" + id.String())
	require.Equal(t, "user.sanction.lift", row.Action)
	require.JSONEq(t, `{"sanction_id": "`+sanction+`", "kind": "login_block", "active": true}`, string(row.Before))
	require.JSONEq(t, `{"active": false}`, string(row.After))
	ops.Post(userPath(id, "/notes"), object{"text": "private"}).Want(201)
	row = f.lastAudit("user:" + id.String())
	require.Equal(t, "user.note.add", row.Action)
	require.NotContains(t, string(row.After), "private", "the text is in the notes alone")
}

func TestWhatUsersDoToTheirOwnAccountIsNotAudited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.register("ada@example.org").ID
	f.api.User(id).Patch(account, object{"display_name": "Ada"}).Want(200)
	f.api.User(id).Delete(account).Want(204)
	require.Zero(t, f.count(`SELECT count(*) FROM admin_audit`))
}

func TestARefusedChangeIsAuditedAsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.register("ada@example.org").ID
	f.api.User(id).Delete(account).Want(204)
	f.grant(id, object{"plan": "monthly", "reason": "x"}).Refused(409, "account_deleted")
	f.api.Admin("viewer", password).Post(userPath(id, "/restore"), nil).Refused(403, "forbidden")
	for reason, actor := range map[string]string{"account_deleted": operator, "forbidden": "viewer"} {
		require.Equal(t, 1, f.count(`SELECT count(*) FROM admin_audit WHERE outcome = 'refused' AND reason = $1 AND actor = $2`, reason, actor))
	}
	require.Equal(t, 2, f.count(`SELECT count(*) FROM admin_audit`), "nothing of them succeeded")
}

// What operators do and the row that says so are one transaction.
func TestAChangeThatCannotBeAuditedIsNotMade(t *testing.T) {
	t.Parallel()
	audit, no := &admintest.Auditor{}, errors.New("no")
	f := newFixture(t, testkit.StandIn[admin.Auditor](audit))
	ctx := httpx.WithCall(t.Context(), "r", uuid.Nil, httpx.Principal{Username: operator})
	live, deleted := f.register("ada@example.org").ID, f.register("bob@example.org").ID
	sanction, _, err := f.users.ApplySanction(ctx, live, user.SanctionTerms{Kind: user.LoginBlock, Reason: "x"})
	require.NoError(t, err)
	require.NoError(t, f.users.SetLimit(ctx, live, user.ActiveMemberships, 7, "x", nil))
	require.NoError(t, f.users.Delete(ctx, deleted))
	before := f.hooks.departures()
	audit.Fail(no)
	for name, change := range map[string]func() error{
		"grant": func() error {
			_, _, err := f.users.GrantPlan(ctx, live, user.Grant{Plan: user.Permanent, Source: "gift"})
			return err
		},
		"sanction": func() error {
			_, _, err := f.users.ApplySanction(ctx, live, user.SanctionTerms{Kind: user.PermanentBlock, Reason: "x"})
			return err
		},
		"lift":        func() error { return f.users.LiftSanction(ctx, live, sanction.ID) },
		"set limit":   func() error { return f.users.SetLimit(ctx, live, user.ActiveMemberships, 9, "x", nil) },
		"clear limit": func() error { return f.users.ClearLimit(ctx, live, user.ActiveMemberships) },
		"note":        func() error { _, _, err := f.users.AddNote(ctx, live, "x"); return err },
		"delete":      func() error { return f.users.Delete(ctx, live) },
		"restore":     func() error { return f.users.Restore(ctx, deleted) },
	} {
		require.ErrorIs(t, change(), no, name)
	}
	require.Equal(t, before, f.hooks.departures())
	require.Len(t, f.mailer.Messages(), 1)
	require.Zero(t, f.count(`SELECT count(*) FROM account_notes`))
	s, err := f.accounts.Snapshot(t.Context(), live)
	require.NoError(t, err)
	require.Equal(t, []any{user.Free, 7, 1, false}, []any{s.Plan, s.Limits.ActiveMemberships, len(s.Sanctions), s.Deleted})
	f.requireCacheMatchesStore(live)
	f.requireCacheMatchesStore(deleted)
}
