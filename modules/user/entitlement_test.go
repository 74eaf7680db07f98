package user_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
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

func (l limits) get(name string) (plan, limit, used int) {
	for _, one := range l.Limits {
		if one.Name == name {
			return one.Plan, one.Limit, one.Used
		}
	}
	return -1, -1, -1
}

func (f *fixture) entitlements(id uuid.UUID) limits {
	f.Helper()
	return testkit.Into[limits](f.api.User(id).Get(account + "/entitlements").Want(200))
}

func TestAPlanThatEndsFallsBackToFreeAtThatInstant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.grant(a.ID, object{"plan": "monthly", "reason": "paid", "source": "purchase"}).Want(201)
	require.Equal(t, "monthly", f.entitlements(a.ID).Plan)
	f.clock.Set(noon.AddDate(0, 1, 0).Add(-time.Microsecond))
	require.Equal(t, "monthly", f.entitlements(a.ID).Plan)
	f.clock.Set(noon.AddDate(0, 1, 0))
	got := f.entitlements(a.ID)
	require.Equal(t, "free", got.Plan, "whether or not the sweeper has come")
	_, limit, _ := got.get("owned_private_games")
	require.Equal(t, 1, limit)

	f.sweep(time.Hour)
	type history struct {
		Items []struct {
			Plan   string    `json:"plan"`
			Source string    `json:"source"`
			Starts time.Time `json:"starts_at"`
		} `json:"items"`
	}
	items := testkit.Into[history](f.admin().Get(userPath(a.ID, "/entitlements")).Want(200)).Items
	require.Len(t, items, 3)
	require.Equal(t, "expiry", items[0].Source)
	require.Equal(t, noon.AddDate(0, 1, 0), items[0].Starts)
	require.Equal(t, "registration", items[2].Source)
	f.requireCacheMatchesStore(a.ID)
}

func TestEveryPlanHasItsLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for plan, want := range map[string]user.Limits{
		"free":      {OwnedPrivateGames: 1, ActiveMemberships: 3, PendingApplications: 3, RegisteredRaceNames: 1},
		"monthly":   {OwnedPrivateGames: 5, ActiveMemberships: 10, PendingApplications: 10, RegisteredRaceNames: 3},
		"yearly":    {OwnedPrivateGames: 10, ActiveMemberships: 20, PendingApplications: 20, RegisteredRaceNames: 6},
		"permanent": {OwnedPrivateGames: 20, ActiveMemberships: 50, PendingApplications: 50, RegisteredRaceNames: 12},
	} {
		f.grant(a.ID, object{"plan": plan, "reason": "test"}).Want(201)
		s, err := f.accounts.Snapshot(t.Context(), a.ID)
		require.NoError(t, err)
		require.Equal(t, want, s.Limits, plan)
	}
	f.grant(a.ID, object{"plan": "permanent", "reason": "x", "ends_at": noon.Add(day)}).Refused(422, "validation_failed")
}

func TestAnEndHasToLieAheadButNotTooFar(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for _, end := range []string{"2026-03-01T12:00:00Z", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59Z"} {
		f.grant(a.ID, object{"plan": "monthly", "reason": "x", "ends_at": end}).Refused(422, "validation_failed")
		f.sanction(a.ID, object{"kind": "login_block", "reason": "x", "expires_at": end}).Refused(422, "validation_failed")
		f.setLimit(a.ID, "active_memberships", object{"value": 1, "reason": "x", "expires_at": end}).
			Refused(422, "validation_failed")
	}
	f.admin().Lenient().Put(userPath(a.ID, "/limits/active_memberships"), object{"value": -1, "reason": "x"}).
		Refused(422, "validation_failed")
	f.admin().Lenient().Put(userPath(a.ID, "/limits/planets"), object{"value": 1, "reason": "x"}).
		Refused(400, "invalid_request")
	require.Zero(t, f.count(`SELECT count(*) FROM sanctions`))
}

func TestAnOverrideReplacesOneNumberUntilItEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	put := func(value int, end any) limits {
		return testkit.Into[limits](f.setLimit(a.ID, "active_memberships",
			object{"value": value, "reason": "tournament", "expires_at": end}).Want(200))
	}
	put(7, nil)
	put(7, nil)
	got := put(9, noon.Add(day))
	plan, limit, used := got.get("active_memberships")
	require.Equal(t, []int{3, 9, 4}, []int{plan, limit, used}, "used is the sum of what the domains count")
	require.Len(t, got.Overrides, 2, "the same again made nothing")
	f.sweep(day)
	_, limit, _ = f.entitlements(a.ID).get("active_memberships")
	require.Equal(t, 3, limit)
	f.admin().Delete(userPath(a.ID, "/limits/active_memberships")).Refused(404, "not_found")
	put(2, nil)
	f.admin().Delete(userPath(a.ID, "/limits/active_memberships")).Want(204)
	f.requireCacheMatchesStore(a.ID)
	history := testkit.Into[limits](f.admin().Get(userPath(a.ID, "/limits")).Want(200)).Overrides
	require.Equal(t, []string{"root", "system", "root"},
		[]string{*history[0].RemovedBy, *history[1].RemovedBy, *history[2].RemovedBy})
}

// Operators act before the sweeper has come: what ended by itself is written down
// as that all the same.
func TestAnEndThatTheSweeperMissedIsInTheHistory(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	end := noon.Add(30 * time.Second) // the sweeper looks once a minute
	a := f.register("ada@example.org")
	f.grant(a.ID, object{"plan": "monthly", "reason": "paid", "ends_at": end}).Want(201)
	limit := object{"value": 7, "reason": "tournament", "expires_at": end}
	f.setLimit(a.ID, "active_memberships", limit).Want(200)
	f.clock.Set(end)
	require.Equal(t, 2, f.count(`SELECT count(*) FROM entitlement_records`))
	f.grant(a.ID, object{"plan": "yearly", "reason": "paid again"}).Want(201)
	limit["expires_at"] = noon.Add(day)
	f.setLimit(a.ID, "active_memberships", limit).Want(200)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry' AND starts_at = $1`, end))
	require.Equal(t, 1, f.count(`SELECT count(*) FROM limit_overrides WHERE removed_by = 'system' AND removed_at = $1`, end))
	require.Equal(t, "yearly", f.entitlements(a.ID).Plan)
	f.requireCacheMatchesStore(a.ID)
}

func TestAnEntitlementShowsWhenThePlanOfNowStarted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	end := noon.Add(30 * time.Second)
	type entitlement struct {
		Plan   string     `json:"plan"`
		Starts time.Time  `json:"starts_at"`
		Ends   *time.Time `json:"ends_at"`
	}
	get := func() entitlement {
		return testkit.Into[entitlement](f.api.User(a.ID).Get(account + "/entitlements").Want(200))
	}
	require.Equal(t, entitlement{"free", noon, nil}, get())
	f.clock.Advance(time.Second)
	f.grant(a.ID, object{"plan": "yearly", "reason": "x", "ends_at": end}).Want(201)
	require.Equal(t, entitlement{"yearly", noon.Add(time.Second), &end}, get())
	f.clock.Set(end)
	require.Equal(t, entitlement{"free", end, nil}, get(), "whether or not the sweeper has come")
	f.sweep(time.Minute)
	require.Equal(t, entitlement{"free", end, nil}, get())
}

func TestAPlanReplacesTheOneBefore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for _, plan := range []string{"permanent", "monthly", "free", "yearly"} {
		f.grant(a.ID, object{"plan": plan, "reason": "x"}).Want(201)
		require.Equal(t, plan, f.entitlements(a.ID).Plan)
	}
	f.sweep(400 * day)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM entitlement_records WHERE source = 'expiry'`), "what was replaced does not end again")
}

// The plan ends; the number that an operator set stays.
func TestAnOverrideOutlivesThePlan(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.grant(a.ID, object{"plan": "yearly", "reason": "x", "ends_at": noon.Add(time.Hour)}).Want(201)
	f.setLimit(a.ID, "owned_private_games", object{"value": 0, "reason": "x"}).Want(200)
	f.sweep(time.Hour)
	got := f.entitlements(a.ID)
	plan, limit, _ := got.get("owned_private_games")
	require.Equal(t, []int{1, 0}, []int{plan, limit}, "zero is a number, too")
	plan, limit, _ = got.get("active_memberships")
	require.Equal(t, []int{3, 3}, []int{plan, limit})
}

func TestEveryLimitIsOverriddenByItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for i, name := range user.LimitNames {
		f.admin().Put(userPath(a.ID, "/limits/"+string(name)), object{"value": 100 + i, "reason": "x"}).Want(200)
	}
	s, err := f.accounts.Snapshot(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, user.Limits{OwnedPrivateGames: 100, ActiveMemberships: 101, PendingApplications: 102,
		RegisteredRaceNames: 103}, s.Limits)
	f.admin().Delete(userPath(a.ID, "/limits/active_memberships")).Want(204)
	f.admin().Delete(userPath(a.ID, "/limits/active_memberships")).Refused(404, "not_found")
	s, err = f.accounts.Snapshot(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, 3, s.Limits.ActiveMemberships)
	require.Equal(t, 102, s.Limits.PendingApplications)
}

func TestAnOverrideWithOtherTermsIsAnotherOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	set := func(change ...any) int {
		body := object{"value": 7, "reason": "tournament", "expires_at": noon.Add(day)}
		for i := 0; i < len(change); i += 2 {
			body[change[i].(string)] = change[i+1]
		}
		f.setLimit(a.ID, "active_memberships", body).Want(200)
		return f.count(`SELECT count(*) FROM limit_overrides`)
	}
	require.Equal(t, 1, set())
	require.Equal(t, 1, set())
	require.Equal(t, 2, set("value", 8))
	require.Equal(t, 3, set("reason", "league"))
	require.Equal(t, 4, set("expires_at", nil))
	require.Equal(t, 5, set())
	require.Equal(t, 1, f.count(`SELECT count(*) FROM limit_overrides WHERE removed_at IS NULL`))
	f.requireCacheMatchesStore(a.ID)
}
