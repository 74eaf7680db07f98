package user_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
)

func ptr[T any](v T) *T { return &v }

func TestAPlanWithoutAnEndOfItsOwnLastsAMonthOrAYear(t *testing.T) {
	t.Parallel()
	at := func(year int, month time.Month, d int) time.Time {
		return time.Date(year, month, d, 12, 0, 0, 0, time.UTC)
	}
	for name, c := range map[string]struct {
		plan  user.Plan
		start time.Time
		want  *time.Time
	}{
		"free":                          {user.Free, noon, nil},
		"permanent":                     {user.Permanent, noon, nil},
		"an unknown plan":               {"gold", noon, nil},
		"a month":                       {user.Monthly, noon, ptr(at(2026, 4, 1))},
		"a month from the 31st":         {user.Monthly, at(2026, 1, 31), ptr(at(2026, 3, 3))},
		"a month over the turn of year": {user.Monthly, at(2026, 12, 15), ptr(at(2027, 1, 15))},
		"a year":                        {user.Yearly, noon, ptr(at(2027, 3, 1))},
		"a year from a leap day":        {user.Yearly, at(2028, 2, 29), ptr(at(2029, 3, 1))},
	} {
		require.Equal(t, c.want, c.plan.DefaultEnd(c.start), name)
		require.Equal(t, c.want != nil, c.plan.Ends(), name)
	}
}

func TestALimitIsReadAndSetByItsName(t *testing.T) {
	t.Parallel()
	for i, name := range user.LimitNames {
		var l user.Limits
		l.Set(name, i+1)
		require.Equal(t, i+1, l.Get(name), name)
		for _, other := range user.LimitNames {
			if other != name {
				require.Zero(t, l.Get(other), "%s changed %s", name, other)
			}
		}
	}
	l := user.Yearly.Limits()
	l.Set("planets", 7)
	require.Equal(t, user.Yearly.Limits(), l)
	require.Zero(t, l.Get("planets"))
	require.Zero(t, user.Plan("gold").Limits(), "nobody has an unknown plan; nobody may do anything on it")
}

func TestASanctionOrOverrideIsActiveUntilItsEndOrRemoval(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		expires, removed *time.Time
		want             bool
	}{
		"without an end":      {nil, nil, true},
		"before its end":      {ptr(noon.Add(time.Microsecond)), nil, true},
		"at its end":          {ptr(noon), nil, false},
		"after its end":       {ptr(noon.Add(-time.Hour)), nil, false},
		"removed":             {nil, ptr(noon), false},
		"removed before time": {ptr(noon.Add(time.Hour)), ptr(noon), false},
	} {
		require.Equal(t, c.want, user.Sanction{ExpiresAt: c.expires, RemovedAt: c.removed}.Active(noon), name)
		require.Equal(t, c.want, user.Override{ExpiresAt: c.expires, RemovedAt: c.removed}.Active(noon), name)
		if c.removed == nil {
			s := user.Snapshot{Sanctions: []user.ActiveSanction{{Kind: user.GameJoinBlock, ExpiresAt: c.expires}}}
			require.Equal(t, c.want, s.Has(user.GameJoinBlock, noon), name)
			require.False(t, s.Has(user.GameCreateBlock, noon), name)
		}
	}
}

func TestASnapshotNamesTheSanctionThatForbidsToSignIn(t *testing.T) {
	t.Parallel()
	join := user.ActiveSanction{Kind: user.GameJoinBlock, Reason: "join"}
	login := user.ActiveSanction{Kind: user.LoginBlock, Reason: "login"}
	permanent := user.ActiveSanction{Kind: user.PermanentBlock, Reason: "permanent"}
	for name, c := range map[string]struct {
		sanctions []user.ActiveSanction
		want      *user.ActiveSanction
		blocked   bool
	}{
		"none":             {nil, nil, false},
		"another":          {[]user.ActiveSanction{join}, nil, false},
		"a login block":    {[]user.ActiveSanction{join, login}, &login, false},
		"a permanent one":  {[]user.ActiveSanction{join, permanent}, &permanent, true},
		"the older of two": {[]user.ActiveSanction{permanent, login}, &permanent, true},
	} {
		s := user.Snapshot{Sanctions: c.sanctions}
		require.Equal(t, c.want, s.LoginBlock(), name)
		require.Equal(t, c.blocked, s.Blocked(), name)
	}
}

func TestAnETagNamesOneVersion(t *testing.T) {
	t.Parallel()
	require.Equal(t, `"1"`, user.Account{Version: 1}.ETag())
	require.NotEqual(t, user.Account{Version: 1}.ETag(), user.Account{Version: 11}.ETag())
}

func TestConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	valid := user.Config{ErasureGrace: grace, SweepInterval: time.Minute}
	require.NoError(t, valid.Validate())
	require.NoError(t, user.Config{SweepInterval: time.Minute}.Validate(), "no grace period at all")
	for want, cfg := range map[string]user.Config{
		"BACKEND_USER_ERASURE_GRACE":  {ErasureGrace: -1, SweepInterval: time.Minute},
		"BACKEND_USER_SWEEP_INTERVAL": {ErasureGrace: grace},
	} {
		require.ErrorContains(t, cfg.Validate(), want)
	}
	both := user.Config{ErasureGrace: -1}.Validate()
	require.ErrorContains(t, both, "BACKEND_USER_ERASURE_GRACE")
	require.ErrorContains(t, both, "BACKEND_USER_SWEEP_INTERVAL", "every problem is named")
	require.NoError(t, user.CacheConfig{UsersMax: 1}.Validate())
	require.ErrorContains(t, user.CacheConfig{}.Validate(), "BACKEND_CACHE_USERS_MAX")
}
