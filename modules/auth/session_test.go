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

// entry signs in without mail: for tests about what comes after.
func (h *house) entry(post *letters, email string, d device) signedIn {
	h.Helper()
	h.clock.Advance(time.Hour) // clear of throttle and caps
	h.clock.BlockUntil(loops)
	c, err := h.auth.SendCode(h.Context(), email, "en")
	require.NoError(h, err)
	s, err := h.auth.Confirm(h.Context(), confirm(c.ChallengeID, post.last(email), d))
	require.NoError(h, err)
	return signedIn{s.ID, s.UserID}
}

func internal(session uuid.UUID) string { return "/api/v1/internal/sessions/" + session.String() }

const sessions = "/api/v1/user/sessions"

func TestAUserEndsOnlyHisOwnSessions(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	ada, bob := h.entry(post, "ada@example.org", newDevice(t)), h.entry(post, "bob@example.org", newDevice(t))
	h.api.User(bob.User).Post(sessions+"/"+ada.Session.String()+"/revoke", nil).Refused(404, "not_found")
	h.api.User(bob.User).Post(sessions+"/"+uuid.Must(uuid.NewV7()).String()+"/revoke", nil).Refused(404, "not_found")
	require.Equal(t, "active", h.credential(ada.Session).Status)
	for range 2 {
		h.api.User(ada.User).Post(sessions+"/"+ada.Session.String()+"/revoke", nil).Want(204)
	}
	got := h.credential(ada.Session)
	require.Equal(t, "revoked", got.Status)
	require.Equal(t, "user", *got.Reason)
	require.Equal(t, []uuid.UUID{ada.Session}, h.gateways.sessions(), "announced once")
}

func TestOthersOrAllSessionsEndAtOnce(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	var mine []signedIn
	for range 4 {
		mine = append(mine, h.entry(post, "ada@example.org", newDevice(t)))
	}
	bob := h.entry(post, "bob@example.org", newDevice(t))
	me := h.api.User(mine[0].User)
	me.Post(sessions+"/revoke-others", map[string]any{"device_session_id": bob.Session}).Refused(404, "not_found")
	require.JSONEq(t, `{"revoked":3}`, string(me.Post(sessions+"/revoke-others", map[string]any{"device_session_id": mine[2].Session}).Want(200).Body))
	for i, s := range mine {
		require.Equal(t, i == 2, h.credential(s.Session).Status == "active")
	}
	me.Post(sessions+"/revoke-others", map[string]any{"device_session_id": mine[0].Session}).Refused(404, "not_found")
	require.JSONEq(t, `{"revoked":1}`, string(me.Post(sessions+"/revoke-all", nil).Want(200).Body))
	require.JSONEq(t, `{"revoked":0}`, string(me.Post(sessions+"/revoke-all", nil).Want(200).Body))
	require.Equal(t, "active", h.credential(bob.Session).Status)
	require.Len(t, h.gateways.sessions(), 4)
}

func TestTheSameKeyAgainReplacesTheSession(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	d := newDevice(t)
	first, second := h.entry(post, "ada@example.org", d), h.entry(post, "ada@example.org", d)
	require.NotEqual(t, first.Session, second.Session)
	require.Equal(t, "replaced", *h.credential(first.Session).Reason)
	require.Equal(t, "active", h.credential(second.Session).Status)
	require.Equal(t, []uuid.UUID{first.Session}, h.gateways.sessions())
}

func TestAKeyThatIsLiveForSomebodyElseIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	d := newDevice(t)
	ada := h.signIn("ada@example.org", d)
	c := h.send("bob@example.org")
	code := h.code("bob@example.org")
	h.confirm(c.ChallengeID, code, d).Refused(409, "public_key_in_use")
	require.Equal(t, 1, h.count(`SELECT count(*) FROM accounts`), "nothing of the sign-in stays")
	h.confirm(c.ChallengeID, code, newDevice(t)).Want(200)
	h.api.Post(internal(ada.Session)+"/revoke", nil).Want(204)
}

func TestOneSessionTooManyEndsTheOneSeenLeastRecently(t *testing.T) {
	t.Parallel()
	cfg := settings()
	cfg.SessionsMax = 3
	h, post := quiet(t, cfg)
	var mine []signedIn
	for range 3 {
		mine = append(mine, h.entry(post, "ada@example.org", newDevice(t)))
	}
	h.clock.Advance(time.Hour)
	h.api.Post(internal(mine[0].Session)+"/touch", nil).Want(204)
	h.entry(post, "ada@example.org", newDevice(t))
	require.Equal(t, "active", h.credential(mine[0].Session).Status)
	require.Equal(t, "too_many_sessions", *h.credential(mine[1].Session).Reason)
	require.Equal(t, 3, h.count(`SELECT count(*) FROM device_sessions WHERE status = 'active'`))
}

func TestATouchIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	me := h.entry(post, "ada@example.org", newDevice(t))
	touch := func() { h.api.Post(internal(me.Session)+"/touch", nil).Want(204) }
	require.Zero(t, h.traffic(touch).RoundTrips, "seen just now")
	h.clock.Advance(time.Minute)
	require.NotZero(t, h.traffic(touch).RoundTrips)
	seen, err := pg.Get[time.Time](t.Context(), h.db, `SELECT last_seen_at FROM device_sessions`)
	require.NoError(t, err)
	require.Equal(t, h.clock.Now(), seen)
	h.api.Post(internal(me.Session)+"/revoke", nil).Want(204)
	h.api.Post(internal(me.Session)+"/touch", nil).Refused(404, "not_found")
	h.api.Post(internal(uuid.Must(uuid.NewV7()))+"/touch", nil).Refused(404, "not_found")
}

func TestALookUpAndTheUserSurfacesCheckAskNoDatabase(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	me := h.entry(post, "ada@example.org", newDevice(t))
	revoked := h.entry(post, "ada@example.org", newDevice(t))
	h.api.Post(internal(revoked.Session)+"/revoke", nil).Want(204)
	require.Zero(t, h.traffic(func() {
		h.credential(me.Session)
		h.credential(revoked.Session)
		h.api.User(me.User).Get("/api/v1/user/account").Want(200)
	}))
}

func TestARestartKnowsTheLiveSessionsWithoutAQuery(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	me := h.entry(post, "ada@example.org", newDevice(t))
	warm := auth.NewSessions(h.db, auth.CacheConfig{SessionsMax: 10})
	again := auth.NewService(h.db, h.clock, nil, settings(), warm, auth.Neighbours{})
	require.NoError(t, again.Start(t.Context()))
	require.Zero(t, h.traffic(func() {
		s, err := again.Session(t.Context(), me.Session)
		require.NoError(t, err)
		require.Equal(t, me.User, s.UserID)
	}))
}

func TestTheCacheOfSessionsIsBounded(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	warm := auth.NewSessions(h.db, auth.CacheConfig{SessionsMax: 2})
	again := auth.NewService(h.db, h.clock, nil, settings(), warm, auth.Neighbours{})
	var ids []uuid.UUID
	for i := range 4 {
		ids = append(ids, h.entry(post, fmt.Sprintf("user%d@example.org", i), newDevice(t)).Session)
	}
	require.NoError(t, again.Start(t.Context()))
	for _, id := range ids {
		_, err := again.Session(t.Context(), id)
		require.NoError(t, err)
		require.LessOrEqual(t, warm.Len(), 2)
	}
}

// The cache starts with the newest sessions, serves those without a query
// and the others with one each, and never grows past its bound.
func TestAMillionSessionsAreServedFromABoundedCache(t *testing.T) {
	t.Parallel()
	h, s, cache, ids := million(t)
	require.Equal(t, sessionsCached, cache.Len())
	look := func(id uuid.UUID) {
		got, err := s.Session(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, id, got.ID)
	}
	require.Zero(t, h.traffic(func() {
		for i := 0; i < sessionsCached; i += 97 {
			look(ids[i])
		}
	}))
	cold := 0
	cost := h.traffic(func() {
		for i := sessionsCached; i < sessionsStored; i += 4_999 {
			look(ids[i])
			require.LessOrEqual(t, cache.Len(), sessionsCached)
			cold++
		}
	})
	require.Equal(t, int64(cold), cost.RoundTrips)
}

func TestAFreshGatewayIsToldTheRecentRevocations(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	old, fresh := h.entry(post, "ada@example.org", newDevice(t)), h.entry(post, "bob@example.org", newDevice(t))
	h.api.Post(internal(old.Session)+"/revoke", nil).Want(204)
	h.clock.Advance(6 * time.Minute)
	h.api.User(fresh.User).Post(sessions+"/revoke-all", nil).Want(200)
	replay := auth.NewReplay(h.db)
	got, err := replay.Recent(t.Context(), h.clock.Now().Add(-5*time.Minute))
	require.NoError(t, err)
	require.Equal(t, []push.Invalidation{{UserID: fresh.User, DeviceSessionID: fresh.Session, Reason: "user", At: h.clock.Now()}}, got)
}

func TestABlockAndADeletionEndEverySessionAtOnce(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	ada, bob := h.entry(post, "ada@example.org", newDevice(t)), h.entry(post, "bob@example.org", newDevice(t))
	h.admin().Post("/api/v1/admin/users/"+ada.User.String()+"/sanctions", map[string]any{"kind": "permanent_block", "reason": "cheating"}).Want(201)
	require.Equal(t, "account_blocked", *h.credential(ada.Session).Reason)
	h.api.User(ada.User).Get("/api/v1/user/account").Refused(403, "account_blocked")

	h.api.User(bob.User).Delete("/api/v1/user/account").Want(204)
	require.Equal(t, "account_deleted", *h.credential(bob.Session).Reason)
	h.api.User(bob.User).Get("/api/v1/user/account").Refused(401, "user_unknown")
	require.Equal(t, []uuid.UUID{ada.Session, bob.Session}, h.gateways.sessions())

	again := h.entry(post, "bob@example.org", newDevice(t))
	require.NotEqual(t, bob.User, again.User, "the address is free")
}

func TestOperatorsListAndEndSessions(t *testing.T) {
	t.Parallel()
	h, post := quiet(t, settings())
	one, two := h.entry(post, "ada@example.org", newDevice(t)), h.entry(post, "ada@example.org", newDevice(t))
	type list struct {
		Items []struct {
			ID     uuid.UUID `json:"device_session_id"`
			Status string    `json:"status"`
		} `json:"items"`
		Next *string `json:"next_cursor"`
	}
	of := "/api/v1/admin/users/" + one.User.String()
	page := testkit.Into[list](h.admin().Get(of + "/sessions?limit=1").Want(200))
	require.Equal(t, two.Session, page.Items[0].ID)
	page = testkit.Into[list](h.admin().Get(of + "/sessions?limit=1&cursor=" + *page.Next).Want(200))
	require.Equal(t, one.Session, page.Items[0].ID)
	require.Nil(t, page.Next)

	h.admin().Post("/api/v1/admin/sessions/"+one.Session.String()+"/revoke", nil).Want(204)
	require.Equal(t, "operator", *h.credential(one.Session).Reason)
	require.Len(t, testkit.Into[list](h.admin().Get(of+"/sessions?status=active").Want(200)).Items, 1)
	require.Len(t, testkit.Into[list](h.api.User(one.User).Get(sessions+"?status=revoked").Want(200)).Items, 1)
	require.JSONEq(t, `{"revoked":1}`, string(h.admin().Post(of+"/sessions/revoke-all", nil).Want(200).Body))
	nobody := "/api/v1/admin/users/" + uuid.Must(uuid.NewV7()).String()
	h.admin().Get(nobody+"/sessions").Refused(404, "not_found")
	h.admin().Post(nobody+"/sessions/revoke-all", nil).Refused(404, "not_found")
	h.admin().Get(nobody+"/country-counters").Refused(404, "not_found")
	h.admin().Post("/api/v1/admin/sessions/"+uuid.Must(uuid.NewV7()).String()+"/revoke", nil).Refused(404, "not_found")
	require.Equal(t, 2, h.count(`SELECT count(*) FROM admin_audit WHERE outcome = 'succeeded' AND action LIKE 'session.%' AND actor = $1`, operator))
	require.Equal(t, 2, h.count(`SELECT count(*) FROM admin_audit WHERE outcome = 'refused'`))
}

func TestAnErasedAccountLeavesNoFactsAboutItsDevices(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := h.from("203.0.113.7").signIn("ada@example.org", newDevice(t))
	h.api.User(me.User).Delete("/api/v1/user/account").Want(204)
	h.clock.Advance(7*24*time.Hour - time.Microsecond)
	require.NoError(t, h.sweeper.RunOnce(t.Context(), h.clock.Now()))
	require.Zero(t, h.count(`SELECT count(*) FROM accounts WHERE erased_at IS NOT NULL`))
	h.clock.Advance(time.Microsecond)
	require.NoError(t, h.sweeper.RunOnce(t.Context(), h.clock.Now()))
	require.Equal(t, 1, h.count(`SELECT count(*) FROM accounts WHERE erased_at IS NOT NULL AND email IS NULL AND declared_country = ''`))
	require.Equal(t, 1, h.count(`SELECT count(*) FROM device_sessions WHERE device_name = '' AND user_agent = '' AND country = ''`))
	require.Zero(t, h.count(`SELECT count(*) FROM mail_recipients WHERE address ILIKE '%ada@example.org%'`))
}
