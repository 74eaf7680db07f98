package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// record writes an entry in a transaction of its own.
func (f *fixture) record(ctx context.Context, e Entry) error {
	return f.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error { return f.Record(ctx, tx, e) })
}

func TestEveryMutationLeavesOneAuditRowWithoutSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := f.asAdmin()
	f.create("anna", httpx.Operator)
	_, err := f.ResetPassword(ctx, "anna", otherPassword)
	require.NoError(t, err)
	_, err = f.Disable(ctx, "root") // anna is no admin
	require.ErrorIs(t, err, ErrLastAdmin)
	f.Refused(ctx, httpx.AuditEntry{Actor: "root", Role: httpx.Administrator, Op: "disableAdminAccount",
		Target:    "/admin-accounts/root/disable",
		RequestID: "req-1", Source: source, Status: 409, Reason: "last_admin"})

	rows := f.auditLog()
	require.Len(t, rows, 3)
	require.Equal(t, []Outcome{Refused, Succeeded, Succeeded},
		[]Outcome{rows[0].Outcome, rows[1].Outcome, rows[2].Outcome})
	require.Equal(t, "admin.reset_password", rows[1].Action)
	require.Equal(t, "admin:anna", rows[1].Target)
	require.Equal(t, "req-1", rows[1].RequestID)
	shown, err := json.Marshal(rows)
	require.NoError(t, err)
	require.NotContains(t, string(shown), password)
	require.NotContains(t, string(shown), "$2a$")
}

func TestTheAuditLogShowsAnAccountBeforeAndAfter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("anna", httpx.Operator)
	_, err := f.SetRole(f.asAdmin(), "anna", httpx.Viewer)
	require.NoError(t, err)
	_, err = f.Disable(f.asAdmin(), "anna")
	require.NoError(t, err)
	rows := f.auditLog()
	require.Len(t, rows, 3)
	require.Nil(t, rows[2].Before)
	require.JSONEq(t, `{"role":"operator"}`, string(rows[2].After))
	require.JSONEq(t, `{"role":"operator","disabled":false}`, string(rows[1].Before))
	require.JSONEq(t, `{"role":"viewer","disabled":false}`, string(rows[1].After))
	require.JSONEq(t, `{"role":"viewer","disabled":true}`, string(rows[0].After))
}

func TestWorkWithoutARequestIsTheSystems(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NoError(t, f.record(t.Context(), Entry{Action: "user.erase", Target: "user:1"}))
	rows := f.auditLog()
	require.Len(t, rows, 1)
	require.Equal(t, AuditRow{ID: rows[0].ID, At: noon, Actor: "system", Role: "system", Action: "user.erase",
		Target: "user:1", Outcome: Succeeded}, rows[0])
}

func TestAnAuditRowBelongsToItsTransaction(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cancelled := errors.New("the change was not made")
	err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return errors.Join(f.Record(ctx, tx, Entry{Action: "user.restore"}), cancelled)
	})
	require.ErrorIs(t, err, cancelled)
	require.Empty(t, f.auditLog())
}

func TestAnEntryThatJSONCannotHoldIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.ErrorContains(t, f.record(t.Context(), Entry{Action: "game.create", Before: func() {}}), "audit game.create")
	require.ErrorContains(t, f.record(t.Context(), Entry{Action: "game.delete", After: make(chan int)}),
		"audit game.delete")
	require.Empty(t, f.auditLog())
}

func TestTheAuditLogCannotBeChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.create("anna", httpx.Operator)
	for _, statement := range []string{
		`UPDATE admin_audit SET actor = 'nobody'`, `DELETE FROM admin_audit`, `TRUNCATE admin_audit`,
	} {
		require.ErrorContains(t, f.tryExec(statement), "append-only")
	}
}

func TestEachFilterNarrowsTheAuditLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	as := func(username string) context.Context {
		return httpx.WithCall(t.Context(), "req", uuid.Nil, httpx.Principal{Username: username, Role: httpx.Operator})
	}
	for _, r := range []struct{ actor, action, target string }{
		{"anna", "game.create", "game:1"}, {"bob", "game.create", "game:2"}, {"anna", "game.cancel", "game:2"},
		{"bob", "user.restore", "user:1"},
	} {
		require.NoError(t, f.record(as(r.actor), Entry{Action: r.action, Target: r.target}))
		f.clock.Advance(time.Minute)
	}
	all := f.auditLog()
	require.Len(t, all, 4)
	for name, c := range map[string]struct {
		filter AuditFilter
		want   []AuditRow
	}{
		"nothing": {AuditFilter{}, all},
		"actor":   {AuditFilter{Actor: "anna"}, []AuditRow{all[1], all[3]}},
		"action":  {AuditFilter{Action: "game.create"}, []AuditRow{all[2], all[3]}},
		"target":  {AuditFilter{Target: "game:2"}, []AuditRow{all[1], all[2]}},
		"since":   {AuditFilter{Since: noon.Add(2 * time.Minute)}, all[:2]},
		"before":  {AuditFilter{Before: all[1].ID}, all[2:]},
		"all of them": {AuditFilter{Actor: "bob", Action: "game.create", Target: "game:2", Since: noon, Before: all[0].ID},
			all[2:3]},
		"nobody":        {AuditFilter{Actor: "carl"}, []AuditRow{}},
		"part of a row": {AuditFilter{Action: "game"}, []AuditRow{}},
	} {
		c.filter.Limit = 10
		rows, err := f.Audit(t.Context(), c.filter)
		require.NoError(t, err)
		require.Equal(t, c.want, rows, name)
	}
	limited, err := f.Audit(t.Context(), AuditFilter{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, all[:2], limited)
	f.closeDB()
	_, err = f.Audit(t.Context(), AuditFilter{Limit: 2})
	require.ErrorContains(t, err, "list the audit log")
}

func TestAnErrorOfOursIsAFailureAndNoRefusal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	outcomes := map[int]Outcome{400: Refused, 403: Refused, 429: Refused, 499: Refused, 500: Failed, 503: Failed}
	for status, want := range outcomes {
		f.Refused(f.asAdmin(), httpx.AuditEntry{Actor: "root", Role: httpx.Administrator, Op: "createGame", Status: status,
			Reason: "reason"})
		require.Equal(t, want, f.auditLog()[0].Outcome, status)
	}
	require.Len(t, f.auditLog(), len(outcomes))
}

func TestARefusalIsRecordedAlthoughTheClientIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.Refused(ctx, httpx.AuditEntry{Actor: "root", Role: httpx.Viewer, Op: "createGame", Status: 403, Reason: "forbidden",
		Source: netip.MustParseAddr("2001:db8::1"), RequestID: "req-9"})
	rows := f.auditLog()
	require.Len(t, rows, 1)
	require.Equal(t, []string{"2001:db8::1", "req-9", "forbidden"},
		[]string{rows[0].Source, rows[0].RequestID, *rows[0].Reason})
}

func TestALostAuditRowIsLogged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.breakAuditLog()
	f.Refused(t.Context(), httpx.AuditEntry{Actor: "root", Role: httpx.Viewer, Op: "createGame", Status: 403,
		Reason: "forbidden", RequestID: "req-9"})
	lost := f.logs.FilterMessage("audit row of a refused request was lost").All()
	require.Len(t, lost, 1)
	require.Equal(t, "createGame", lost[0].ContextMap()["action"])
	require.Equal(t, "req-9", lost[0].ContextMap()["request_id"])
}

func TestUnauthenticatedRequestsCannotFillTheAuditLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	refuse := func(n int, e httpx.AuditEntry) {
		for range n {
			f.Refused(t.Context(), e)
		}
	}
	unauthenticated := httpx.AuditEntry{Op: "createAdminAccount", Target: "admin-accounts", Status: 401,
		Reason: "unauthenticated", Source: source}
	refuse(anonymousBurst+100, unauthenticated)
	refuse(10, httpx.AuditEntry{Actor: "root", Role: httpx.Viewer, Op: "createAdminAccount", Target: "admin-accounts",
		Status: 403, Reason: "forbidden"})
	rows := f.auditLog()
	require.Len(t, rows, anonymousBurst+10)
	require.Equal(t, "root", rows[0].Actor, "an operator's refusals are all kept")

	const omitted = "refusals of unauthenticated requests were left out of the audit log"
	require.Zero(t, f.logged(omitted))
	f.clock.Advance(2 * time.Second)
	refuse(5, unauthenticated)
	require.Len(t, f.auditLog(), anonymousBurst+12, "one a second is recorded")
	lines := f.logs.FilterMessage(omitted).All()
	require.Len(t, lines, 1)
	require.EqualValues(t, 100, lines[0].ContextMap()["count"])
}

func TestNothingInARequestCostsItsAuditRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, target := range []string{"admin-accounts/\x00/disable", "admin-accounts/\xff/disable", "a\nb",
		strings.Repeat("ä", 40_000)} {
		f.Refused(t.Context(), httpx.AuditEntry{Actor: "nobody\x00", Op: "disableAdminAccount", Target: target, Status: 400,
			Reason: "invalid_request"})
	}
	rows := f.auditLog()
	require.Len(t, rows, 4)
	require.LessOrEqual(t, len(rows[0].Target), maxColumnText)
	require.Equal(t, "a\ufffdb", rows[1].Target)
	require.Equal(t, "nobody\ufffd", rows[1].Actor)
}
