package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/push"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestUsersRevokeOnlyTheirOwnSessions(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	ada, bob := f.signInDirectly("ada@example.org", newDevice(t)), f.signInDirectly("bob@example.org", newDevice(t))
	f.api.User(bob.User).Post(sessionsPath+"/"+ada.Session.String()+"/revoke", nil).Refused(404, "not_found")
	f.api.User(bob.User).Post(sessionsPath+"/"+uuid.Must(uuid.NewV7()).String()+"/revoke", nil).Refused(404, "not_found")
	require.Equal(t, "active", f.credential(ada.Session).Status)
	for range 2 {
		f.api.User(ada.User).Post(sessionsPath+"/"+ada.Session.String()+"/revoke", nil).Want(204)
	}
	got := f.credential(ada.Session)
	require.Equal(t, "revoked", got.Status)
	require.Equal(t, "user", *got.Reason)
	require.Equal(t, []uuid.UUID{ada.Session}, f.gateways.InvalidatedSessions(), "announced once")
}

func TestOtherOrAllSessionsAreRevokedTogether(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	var mine []signedIn
	for range 4 {
		mine = append(mine, f.signInDirectly("ada@example.org", newDevice(t)))
	}
	bob := f.signInDirectly("bob@example.org", newDevice(t))
	me := f.api.User(mine[0].User)
	me.Post(sessionsPath+"/revoke-others", map[string]any{"device_session_id": bob.Session}).Refused(404, "not_found")
	require.JSONEq(t, `{"revoked":3}`, string(me.Post(sessionsPath+"/revoke-others",
		map[string]any{"device_session_id": mine[2].Session}).Want(200).Body))
	for i, s := range mine {
		require.Equal(t, i == 2, f.credential(s.Session).Status == "active")
	}
	me.Post(sessionsPath+"/revoke-others", map[string]any{"device_session_id": mine[0].Session}).Refused(404, "not_found")
	require.JSONEq(t, `{"revoked":1}`, string(me.Post(sessionsPath+"/revoke-all", nil).Want(200).Body))
	require.JSONEq(t, `{"revoked":0}`, string(me.Post(sessionsPath+"/revoke-all", nil).Want(200).Body))
	require.Equal(t, "active", f.credential(bob.Session).Status)
	require.Len(t, f.gateways.InvalidatedSessions(), 4)
}

func TestTheSameKeyAgainReplacesTheSession(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	d := newDevice(t)
	first, second := f.signInDirectly("ada@example.org", d), f.signInDirectly("ada@example.org", d)
	require.NotEqual(t, first.Session, second.Session)
	require.Equal(t, "replaced", *f.credential(first.Session).Reason)
	require.Equal(t, "active", f.credential(second.Session).Status)
	require.Equal(t, []uuid.UUID{first.Session}, f.gateways.InvalidatedSessions())
}

func TestAKeyOfAnotherUsersActiveSessionIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	d := newDevice(t)
	ada := f.signIn("ada@example.org", d)
	c := f.sendCode("bob@example.org")
	code := f.mailedCode("bob@example.org")
	f.confirm(c.ChallengeID, code, d).Refused(409, "public_key_in_use")
	require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts`), "nothing of the sign-in stays")
	f.confirm(c.ChallengeID, code, newDevice(t)).Want(200)
	f.api.Post(internalPath(ada.Session)+"/revoke", nil).Want(204)
}

func TestOneSessionTooManyRevokesTheOneSeenLeastRecently(t *testing.T) {
	t.Parallel()
	cfg := defaultConfig()
	cfg.SessionsMax = 3
	f := newFakeMailFixture(t, cfg)
	var mine []signedIn
	for range 3 {
		mine = append(mine, f.signInDirectly("ada@example.org", newDevice(t)))
	}
	f.clock.Advance(time.Hour)
	f.api.Post(internalPath(mine[0].Session)+"/touch", nil).Want(204)
	f.signInDirectly("ada@example.org", newDevice(t))
	require.Equal(t, "active", f.credential(mine[0].Session).Status)
	require.Equal(t, "too_many_sessions", *f.credential(mine[1].Session).Reason)
	require.Equal(t, 3, f.count(`SELECT count(*) FROM device_sessions WHERE status = 'active'`))
}

func TestATouchIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(t))
	touch := func() { f.api.Post(internalPath(me.Session)+"/touch", nil).Want(204) }
	require.Zero(t, f.traffic(touch).RoundTrips, "seen just now")
	f.clock.Advance(time.Minute)
	require.NotZero(t, f.traffic(touch).RoundTrips)
	seen, err := pg.Get[time.Time](t.Context(), f.db, `SELECT last_seen_at FROM device_sessions`)
	require.NoError(t, err)
	require.Equal(t, f.clock.Now(), seen)
	f.api.Post(internalPath(me.Session)+"/revoke", nil).Want(204)
	f.api.Post(internalPath(me.Session)+"/touch", nil).Refused(404, "not_found")
	f.api.Post(internalPath(uuid.Must(uuid.NewV7()))+"/touch", nil).Refused(404, "not_found")
}

func TestSessionLookUpAndUserGateNeedNoQuery(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(t))
	revoked := f.signInDirectly("ada@example.org", newDevice(t))
	f.api.Post(internalPath(revoked.Session)+"/revoke", nil).Want(204)
	require.Zero(t, f.traffic(func() {
		f.credential(me.Session)
		f.credential(revoked.Session)
		f.api.User(me.User).Get(accountPath).Want(200)
	}))
}

func TestARestartReadsActiveSessionsIntoTheCache(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(t))
	restarted, _ := f.newService(10)
	require.NoError(t, restarted.Start(t.Context()))
	require.Zero(t, f.traffic(func() {
		s, err := restarted.Session(t.Context(), me.Session)
		require.NoError(t, err)
		require.Equal(t, me.User, s.UserID)
	}))
}

// newService is a service beside the fixture's, with a cache of its own. It only
// looks sessions up.
func (f *fixture) newService(capacity int) (*auth.Service, *auth.SessionCache) {
	cache := auth.NewSessionCache(f.db, auth.CacheConfig{SessionsMax: capacity})
	return auth.NewService(f.db, f.clock, nil, defaultConfig(), cache, nil, nil, nil, nil, nil, nil), cache
}

func TestTheCacheOfSessionsIsBounded(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	service, cache := f.newService(2)
	var ids []uuid.UUID
	for i := range 4 {
		ids = append(ids, f.signInDirectly(fmt.Sprintf("user%d@example.org", i), newDevice(t)).Session)
	}
	require.NoError(t, service.Start(t.Context()))
	for _, id := range ids {
		_, err := service.Session(t.Context(), id)
		require.NoError(t, err)
		require.LessOrEqual(t, cache.Len(), 2)
	}
}

// The cache starts with the newest sessions, serves those without a query
// and the others with one each, and never grows past its bound.
func TestAMillionSessionsAreServedFromABoundedCache(t *testing.T) {
	t.Parallel()
	f, s, cache, ids := millionSessions(t)
	require.Equal(t, sessionsCached, cache.Len())
	lookUp := func(id uuid.UUID) {
		got, err := s.Session(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, id, got.ID)
	}
	require.Zero(t, f.traffic(func() {
		for i := 0; i < sessionsCached; i += 97 {
			lookUp(ids[i])
		}
	}))
	uncached := 0
	cost := f.traffic(func() {
		for i := sessionsCached; i < sessionsStored; i += 4_999 {
			lookUp(ids[i])
			require.LessOrEqual(t, cache.Len(), sessionsCached)
			uncached++
		}
	})
	require.Equal(t, int64(uncached), cost.RoundTrips)
}

func TestTheReplayHoldsTheRevocationsSinceATime(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	old, fresh := f.signInDirectly("ada@example.org", newDevice(t)), f.signInDirectly("bob@example.org", newDevice(t))
	f.api.Post(internalPath(old.Session)+"/revoke", nil).Want(204)
	f.clock.Advance(6 * time.Minute)
	f.api.User(fresh.User).Post(sessionsPath+"/revoke-all", nil).Want(200)
	replay := auth.NewRevocationReplay(f.db)
	got, err := replay.Recent(t.Context(), f.clock.Now().Add(-5*time.Minute))
	require.NoError(t, err)
	require.Equal(t, []push.Invalidation{{UserID: fresh.User, DeviceSessionID: fresh.Session, Reason: "user",
		At: f.clock.Now()}}, got)
}

func TestABlockAndADeletionRevokeEverySession(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	ada, bob := f.signInDirectly("ada@example.org", newDevice(t)), f.signInDirectly("bob@example.org", newDevice(t))
	f.admin().Post(adminUserPath(ada.User)+"/sanctions", map[string]any{"kind": "permanent_block", "reason": "cheating"}).
		Want(201)
	require.Equal(t, "account_blocked", *f.credential(ada.Session).Reason)
	f.api.User(ada.User).Get(accountPath).Refused(403, "account_blocked")

	f.api.User(bob.User).Delete(accountPath).Want(204)
	require.Equal(t, "account_deleted", *f.credential(bob.Session).Reason)
	f.api.User(bob.User).Get(accountPath).Refused(401, "user_unknown")
	require.Equal(t, []uuid.UUID{ada.Session, bob.Session}, f.gateways.InvalidatedSessions())

	again := f.signInDirectly("bob@example.org", newDevice(t))
	require.NotEqual(t, bob.User, again.User, "the address is free")
}

func TestOperatorsListAndRevokeSessions(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	one, two := f.signInDirectly("ada@example.org", newDevice(t)), f.signInDirectly("ada@example.org", newDevice(t))
	type list struct {
		Items []struct {
			ID     uuid.UUID `json:"device_session_id"`
			Status string    `json:"status"`
		} `json:"items"`
		Next *string `json:"next_cursor"`
	}
	of := adminUserPath(one.User)
	page := testkit.Into[list](f.admin().Get(of + "/sessions?limit=1").Want(200))
	require.Equal(t, two.Session, page.Items[0].ID)
	page = testkit.Into[list](f.admin().Get(of + "/sessions?limit=1&cursor=" + *page.Next).Want(200))
	require.Equal(t, one.Session, page.Items[0].ID)
	require.Nil(t, page.Next)

	f.admin().Post("/api/v1/admin/sessions/"+one.Session.String()+"/revoke", nil).Want(204)
	require.Equal(t, "operator", *f.credential(one.Session).Reason)
	require.Len(t, testkit.Into[list](f.admin().Get(of+"/sessions?status=active").Want(200)).Items, 1)
	require.Len(t, testkit.Into[list](f.api.User(one.User).Get(sessionsPath+"?status=revoked").Want(200)).Items, 1)
	require.JSONEq(t, `{"revoked":1}`, string(f.admin().Post(of+"/sessions/revoke-all", nil).Want(200).Body))
	nobody := adminUserPath(uuid.Must(uuid.NewV7()))
	f.admin().Get(nobody+"/sessions").Refused(404, "not_found")
	f.admin().Post(nobody+"/sessions/revoke-all", nil).Refused(404, "not_found")
	f.admin().Get(nobody+"/country-counters").Refused(404, "not_found")
	f.admin().Post("/api/v1/admin/sessions/"+uuid.Must(uuid.NewV7()).String()+"/revoke", nil).Refused(404, "not_found")
	require.Equal(t, 2, f.count(`SELECT count(*) FROM admin_audit WHERE outcome = 'succeeded' AND action LIKE 'session.%' AND actor = $1`, operator))
	require.Equal(t, 2, f.count(`SELECT count(*) FROM admin_audit WHERE outcome = 'refused'`))
}

func TestAnErasedAccountKeepsNoDeviceData(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	me := f.from("203.0.113.7").signIn("ada@example.org", newDevice(t))
	f.api.User(me.User).Delete(accountPath).Want(204)
	f.clock.Advance(7*24*time.Hour - time.Microsecond)
	require.NoError(t, f.sweeper.RunOnce(t.Context(), f.clock.Now()))
	require.Zero(t, f.count(`SELECT count(*) FROM accounts WHERE erased_at IS NOT NULL`))
	f.clock.Advance(time.Microsecond)
	require.NoError(t, f.sweeper.RunOnce(t.Context(), f.clock.Now()))
	require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts WHERE erased_at IS NOT NULL AND email IS NULL AND declared_country = ''`))
	require.Equal(t, 1, f.count(`SELECT count(*) FROM device_sessions WHERE device_name = '' AND user_agent = '' AND country = ''`))
	require.Zero(t, f.count(`SELECT count(*) FROM mail_recipients WHERE address ILIKE '%ada@example.org%'`))
}
