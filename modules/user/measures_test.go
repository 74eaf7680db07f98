package user_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

type limits struct {
	Plan   string `json:"plan"`
	Limits []struct {
		Name  string `json:"name"`
		Plan  int    `json:"plan"`
		Limit int    `json:"limit"`
		Used  int    `json:"used"`
	} `json:"limits"`
	Overrides []struct {
		Value     int     `json:"value"`
		RemovedBy *string `json:"removed_by"`
	} `json:"overrides"`
	Sanctions []struct {
		Kind   string `json:"kind"`
		Reason string `json:"reason"`
	} `json:"sanctions"`
}

func (l limits) of(name string) (plan, limit, used int) {
	for _, one := range l.Limits {
		if one.Name == name {
			return one.Plan, one.Limit, one.Used
		}
	}
	return -1, -1, -1
}

func (o *office) entitlements(id uuid.UUID) limits {
	o.Helper()
	return testkit.Into[limits](o.api.User(id).Get(account + "/entitlements").Want(200))
}

func TestAPlanThatEndsFallsBackToFreeAtThatInstant(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	o.admin().Post(of(a.ID, "/entitlements"), map[string]any{"plan": "monthly", "reason": "paid", "source": "purchase"}).Want(201)
	require.Equal(t, "monthly", o.entitlements(a.ID).Plan)
	o.clock.Set(noon.AddDate(0, 1, 0).Add(-time.Microsecond))
	require.Equal(t, "monthly", o.entitlements(a.ID).Plan)
	o.clock.Set(noon.AddDate(0, 1, 0))
	got := o.entitlements(a.ID)
	require.Equal(t, "free", got.Plan, "whether or not the sweeper has come")
	_, limit, _ := got.of("owned_private_games")
	require.Equal(t, 1, limit)

	o.sweep(time.Hour)
	type history struct {
		Items []struct {
			Plan   string    `json:"plan"`
			Source string    `json:"source"`
			Starts time.Time `json:"starts_at"`
		} `json:"items"`
	}
	items := testkit.Into[history](o.admin().Get(of(a.ID, "/entitlements")).Want(200)).Items
	require.Len(t, items, 3)
	require.Equal(t, "expiry", items[0].Source)
	require.Equal(t, noon.AddDate(0, 1, 0), items[0].Starts)
	require.Equal(t, "registration", items[2].Source)
	o.same(a.ID)
}

func TestEveryPlanHasItsLimits(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	for plan, want := range map[string]user.Limits{
		"free":      {OwnedPrivateGames: 1, ActiveMemberships: 3, PendingApplications: 3, RegisteredRaceNames: 1},
		"monthly":   {OwnedPrivateGames: 5, ActiveMemberships: 10, PendingApplications: 10, RegisteredRaceNames: 3},
		"yearly":    {OwnedPrivateGames: 10, ActiveMemberships: 20, PendingApplications: 20, RegisteredRaceNames: 6},
		"permanent": {OwnedPrivateGames: 20, ActiveMemberships: 50, PendingApplications: 50, RegisteredRaceNames: 12},
	} {
		o.admin().Post(of(a.ID, "/entitlements"), map[string]any{"plan": plan, "reason": "test"}).Want(201)
		s, err := o.accounts.Snapshot(t.Context(), a.ID)
		require.NoError(t, err)
		require.Equal(t, want, s.Limits, plan)
	}
	o.admin().Post(of(a.ID, "/entitlements"), map[string]any{"plan": "permanent", "reason": "x", "ends_at": noon.Add(day)}).Refused(422, "validation_failed")
}

func TestAnEndHasToLieAheadButNotTooFar(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	for _, end := range []string{"2026-03-01T12:00:00Z", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59Z"} {
		o.admin().Post(of(a.ID, "/entitlements"), map[string]any{"plan": "monthly", "reason": "x", "ends_at": end}).Refused(422, "validation_failed")
		o.admin().Post(of(a.ID, "/sanctions"), map[string]any{"kind": "login_block", "reason": "x", "expires_at": end}).Refused(422, "validation_failed")
		o.admin().Put(of(a.ID, "/limits/active_memberships"), map[string]any{"value": 1, "reason": "x", "expires_at": end}).Refused(422, "validation_failed")
	}
	o.admin().Lenient().Put(of(a.ID, "/limits/active_memberships"), map[string]any{"value": -1, "reason": "x"}).Refused(422, "validation_failed")
	o.admin().Lenient().Put(of(a.ID, "/limits/planets"), map[string]any{"value": 1, "reason": "x"}).Refused(400, "invalid_request")
	require.Zero(t, o.count(`SELECT count(*) FROM sanctions`))
}

func TestAnOverrideReplacesOneNumberUntilItEnds(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	put := func(value int, end any) limits {
		return testkit.Into[limits](o.admin().Put(of(a.ID, "/limits/active_memberships"), map[string]any{"value": value, "reason": "tournament", "expires_at": end}).Want(200))
	}
	put(7, nil)
	put(7, nil)
	got := put(9, noon.Add(day))
	plan, limit, used := got.of("active_memberships")
	require.Equal(t, []int{3, 9, 4}, []int{plan, limit, used}, "used is the sum of what the domains count")
	require.Len(t, got.Overrides, 2, "the same again made nothing")
	o.sweep(day)
	_, limit, _ = o.entitlements(a.ID).of("active_memberships")
	require.Equal(t, 3, limit)
	o.admin().Delete(of(a.ID, "/limits/active_memberships")).Refused(404, "not_found")
	put(2, nil)
	o.admin().Delete(of(a.ID, "/limits/active_memberships")).Want(204)
	o.same(a.ID)
	history := testkit.Into[limits](o.admin().Get(of(a.ID, "/limits")).Want(200)).Overrides
	require.Equal(t, []string{"root", "system", "root"}, []string{*history[0].RemovedBy, *history[1].RemovedBy, *history[2].RemovedBy})
}

// Operators act before the sweeper has come: what ended by itself is written down
// as that all the same.
func TestWhatEndedUnnoticedStaysInTheHistory(t *testing.T) {
	t.Parallel()
	o := open(t)
	end := noon.Add(30 * time.Second) // the sweeper looks once a minute
	a := o.register("ada@example.org")
	o.admin().Post(of(a.ID, "/entitlements"), map[string]any{"plan": "monthly", "reason": "paid", "ends_at": end}).Want(201)
	limit := map[string]any{"value": 7, "reason": "tournament", "expires_at": end}
	o.admin().Put(of(a.ID, "/limits/active_memberships"), limit).Want(200)
	o.clock.Set(end)
	require.Equal(t, 2, o.count(`SELECT count(*) FROM entitlement_records`))
	o.admin().Post(of(a.ID, "/entitlements"), map[string]any{"plan": "yearly", "reason": "paid again"}).Want(201)
	limit["expires_at"] = noon.Add(day)
	o.admin().Put(of(a.ID, "/limits/active_memberships"), limit).Want(200)
	require.Equal(t, 1, o.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry' AND starts_at = $1`, end))
	require.Equal(t, 1, o.count(`SELECT count(*) FROM limit_overrides WHERE removed_by = 'system' AND removed_at = $1`, end))
	require.Equal(t, "yearly", o.entitlements(a.ID).Plan)
	o.same(a.ID)
}

func TestASanctionBarsUntilItEndsOrIsLifted(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	type sanction struct {
		ID     uuid.UUID `json:"sanction_id"`
		Active bool      `json:"active"`
		By     *string   `json:"removed_by"`
	}
	apply := func(kind string, end any) sanction {
		return testkit.Into[sanction](o.admin().Post(of(a.ID, "/sanctions"), map[string]any{"kind": kind, "reason": "spam", "internal_note": "ticket 12", "expires_at": end}).Want(201))
	}
	patch := func() testkit.Reply { return o.api.User(a.ID).Patch(account, map[string]any{"time_zone": "UTC"}) }
	apply("profile_update_block", noon.Add(time.Hour))
	require.Contains(t, string(patch().Refused(403, "profile_update_blocked").Body), "spam")
	require.NotContains(t, string(o.api.User(a.ID).Get(account+"/entitlements").Want(200).Body), "ticket 12")
	o.clock.Advance(time.Hour)
	patch().Want(200)
	second := apply("profile_update_block", nil)
	patch().Refused(403, "profile_update_blocked")
	for range 2 {
		o.admin().Delete(of(a.ID, "/sanctions/"+second.ID.String())).Want(204)
	}
	patch().Want(200)
	o.admin().Delete(of(a.ID, "/sanctions/"+uuid.Must(uuid.NewV7()).String())).Refused(404, "not_found")
	o.same(a.ID)
	type list struct{ Items []sanction }
	items := testkit.Into[list](o.admin().Get(of(a.ID, "/sanctions")).Want(200)).Items
	require.Len(t, items, 2)
	require.Equal(t, []string{"root", "system"}, []string{*items[0].By, *items[1].By})
	require.Len(t, o.post.sent, 2)
	require.Equal(t, "account.sanction.applied", o.post.sent[0].Template)
	require.Equal(t, "ada@example.org", o.post.sent[0].To)
}

func TestAnEndedSanctionIsWrittenDownByTheSweeper(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	o.admin().Post(of(a.ID, "/sanctions"), map[string]any{"kind": "permanent_block", "reason": "x", "expires_at": noon.Add(time.Hour)}).Want(201)
	require.Equal(t, []string{"arc blocked", "zoo blocked"}, o.others.seen())
	o.api.User(a.ID).Get(account).Refused(403, "account_blocked")
	o.sweep(time.Hour)
	require.Equal(t, 1, o.count(`SELECT count(*) FROM sanctions WHERE removed_at = expires_at AND removed_by = 'system'`))
	o.api.User(a.ID).Get(account).Want(200)
	o.same(a.ID)
}

func TestTheSameMeasureAgainMakesNothing(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	sanction := map[string]any{"kind": "login_block", "reason": "spam"}
	one := o.admin().Post(of(a.ID, "/sanctions"), sanction).Want(201)
	require.Equal(t, one.Body, o.admin().Post(of(a.ID, "/sanctions"), sanction).Want(200).Body)
	require.NotEmpty(t, one.Header.Get("Location"))
	o.admin().Post(of(a.ID, "/sanctions"), map[string]any{"kind": "login_block", "reason": "other"}).Refused(409, "sanction_active")
	plan := map[string]any{"plan": "permanent", "reason": "founder"}
	o.admin().Post(of(a.ID, "/entitlements"), plan).Want(201)
	o.admin().Post(of(a.ID, "/entitlements"), plan).Want(200)
	require.Equal(t, 2, o.count(`SELECT count(*) FROM entitlement_records`))
}

func TestAnIdempotencyKeyIsOneRowPerOperator(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	for path, bodies := range map[string][2]map[string]any{
		"/notes":        {{"text": "one"}, {"text": "two"}},
		"/entitlements": {{"plan": "monthly", "reason": "one"}, {"plan": "monthly", "reason": "two"}},
		"/sanctions":    {{"kind": "login_block", "reason": "one"}, {"kind": "game_join_block", "reason": "two"}},
	} {
		once := o.admin().With("Idempotency-Key", "key-1")
		made := once.Post(of(a.ID, path), bodies[0]).Want(201)
		o.clock.Advance(time.Minute)
		require.Equal(t, made.Body, once.Post(of(a.ID, path), bodies[0]).Want(200).Body, path)
		once.Post(of(a.ID, path), bodies[1]).Refused(409, "idempotency_conflict")
		o.api.Admin("second", password).With("Idempotency-Key", "key-1").Post(of(a.ID, path), bodies[1]).Want(201)
	}
	require.Equal(t, 6, o.count(`SELECT count(*) FROM admin_audit WHERE outcome = 'succeeded' AND actor = 'root'`))
	require.Equal(t, 3, o.count(`SELECT count(*) FROM admin_audit WHERE outcome = 'refused' AND reason = 'idempotency_conflict'`))
}

func TestMeasuresAreForAccountsThatAreThere(t *testing.T) {
	t.Parallel()
	o := open(t)
	gone, nobody := o.register("ada@example.org").ID, uuid.Must(uuid.NewV7())
	o.admin().Post(of(gone, "/soft-delete"), nil).Want(200)
	for path, body := range map[string]map[string]any{
		"/entitlements": {"plan": "monthly", "reason": "x"}, "/sanctions": {"kind": "login_block", "reason": "x"},
	} {
		o.admin().Post(of(gone, path), body).Refused(409, "account_deleted")
		o.admin().Post(of(nobody, path), body).Refused(404, "not_found")
		o.admin().Get(of(nobody, path)).Refused(404, "not_found")
		o.api.Admin("viewer", password).Post(of(gone, path), body).Refused(403, "forbidden")
	}
	o.admin().Put(of(nobody, "/limits/active_memberships"), map[string]any{"value": 1, "reason": "x"}).Refused(404, "not_found")
	o.admin().Delete(of(gone, "/limits/active_memberships")).Refused(409, "account_deleted")
	for _, path := range []string{"", "/export", "/notes", "/limits"} {
		o.admin().Get(of(nobody, path)).Refused(404, "not_found")
	}
	for _, path := range []string{"/soft-delete", "/restore"} {
		o.admin().Post(of(nobody, path), nil).Refused(404, "not_found")
	}
}

// Limits are counted under the account's lock: whoever holds it sees a measure
// whole or not at all.
func TestALockedUserCannotChangeUnderneath(t *testing.T) {
	t.Parallel()
	o := open(t)
	a := o.register("ada@example.org")
	ctx := httpx.WithCall(t.Context(), "r", uuid.Nil, httpx.Principal{Username: operator})
	started, done := make(chan struct{}), make(chan error, 1)
	require.NoError(t, o.db.InTx(t.Context(), func(tctx context.Context, tx *pg.Tx) error {
		before, err := o.accounts.Lock(tctx, tx, a.ID)
		require.NoError(t, err)
		go func() {
			close(started)
			_, _, err := o.users.Sanction(ctx, a.ID, user.Penalty{Kind: user.GameJoinBlock, Reason: "x"})
			done <- err
		}()
		<-started
		after, err := o.accounts.Lock(tctx, tx, a.ID)
		require.Equal(t, before, after)
		return err
	}))
	require.NoError(t, <-done)
	s, err := o.accounts.Snapshot(t.Context(), a.ID)
	require.NoError(t, err)
	require.True(t, s.Has(user.GameJoinBlock, o.clock.Now()))
	require.False(t, s.Blocked())
}
