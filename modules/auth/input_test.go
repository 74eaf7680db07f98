package auth_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/testkit"
)

// malformedIDs are not UUIDs in the one form that has 36 lower-case characters.
var malformedIDs = []string{"..", "..%2f..", "%00", "0197A3C2-5F0E-7C3A-9F51-0D6A1E2B3C4D",
	"urn:uuid:0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d",
	"%7B0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d%7D", "0197a3c25f0e7c3a9f510d6a1e2b3c4d", "'%20OR%201=1", "1"}

// Every route of the identity domains that names somebody or something.
func TestAnIDInAPathHasOneSpelling(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(t))
	tried := 0
	for surface, prefix := range map[httpx.Surface]string{httpx.SurfaceUser: "/api/v1/user",
		httpx.SurfaceInternal: "/api/v1/internal",
		httpx.SurfaceAdmin:    "/api/v1/admin"} {
		for op, r := range f.routes(surface) {
			for _, param := range []string{"{session_id}", "{device_session_id}", "{user_id}", "{sanction_id}"} {
				if !strings.Contains(r.Path, param) {
					continue
				}
				for _, id := range malformedIDs {
					path := strings.ReplaceAll(r.Path, param, id)
					path = strings.NewReplacer("{user_id}", me.User.String(), "{sanction_id}", me.User.String(), "{name}",
						"active_memberships").Replace(path)
					status := f.admin().User(me.User).Lenient().Call(r.Method, prefix+path, nil).Status
					require.Contains(t, []int{400, 404, 415}, status, "%s %s", op, path)
					tried++
				}
			}
		}
	}
	require.Greater(t, tried, 100)
}

// Every list of the identity domains.
func TestAListTakesOnlyItsOwnCursorAndALimitInRange(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(t))
	f.signInDirectly("ada@example.org", newDevice(t))
	f.signInDirectly("bob@example.org", newDevice(t))
	ofUsers := testkit.Into[struct {
		Next string `json:"next_cursor"`
	}](f.admin().Get("/api/v1/admin/users?limit=1").Want(200)).Next
	ofSessions := testkit.Into[struct {
		Next string `json:"next_cursor"`
	}](f.api.User(me.User).Get(sessionsPath + "?limit=1").Want(200)).Next
	of := adminUserPath(me.User)
	for path, foreign := range map[string]string{
		sessionsPath: ofUsers, "/api/v1/admin/users": ofSessions, of + "/sessions": ofUsers,
		of + "/notes": ofSessions, of + "/sanctions": ofSessions, of + "/entitlements": ofSessions,
	} {
		for _, query := range []string{"limit=0", "limit=-1", "limit=201", "limit=1000000000", "limit=abc", "limit=1&limit=2",
			"cursor=nonsense",
			"cursor=" + url.QueryEscape(foreign), "cursor=" + ofSessions + "x", "sort=email", "limit=1;drop"} {
			f.admin().User(me.User).Lenient().Get(path+"?"+query).Refused(400, "invalid_request")
		}
	}
}

func TestEveryTextHasALengthLimit(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(t))
	c, code := f.requestCode("bob@example.org")
	of := adminUserPath(me.User)
	confirmed := func(part string, value any) map[string]any {
		body := confirmBody(c, code, newDevice(t))
		body[part] = value
		return body
	}
	n := func(n int) string { return strings.Repeat("x", n) }
	for name, c := range map[string]struct {
		method, path string
		body         any
		status       int
	}{
		"an address of 255": {http.MethodPost, publicPath + "send-email-code",
			map[string]any{"email": n(243) + "@example.org", "language": "en"}, 422},
		"a language of 36": {http.MethodPost, publicPath + "send-email-code",
			map[string]any{"email": "eve@example.org", "language": "en-" + n(33)}, 422},
		"a device name of 65": {http.MethodPost, publicPath + "confirm-email-code",
			confirmed("device", map[string]any{"name": n(65)}), 422},
		"a user agent of 257": {http.MethodPost, publicPath + "confirm-email-code",
			confirmed("device", map[string]any{"user_agent": n(257)}), 422},
		"a code of 33": {http.MethodPost, publicPath + "confirm-email-code", confirmed("code", n(33)), 422},
		"a key of 129": {http.MethodPost, publicPath + "confirm-email-code",
			confirmed("client_public_key", n(129)), 422},
		"a zone of 65": {http.MethodPost, publicPath + "confirm-email-code", confirmed("time_zone", n(65)),
			422},
		"a body past 4 KiB":       {http.MethodPost, publicPath + "confirm-email-code", confirmed("code", n(4<<10)), 413},
		"a display name of 41":    {http.MethodPatch, accountPath, map[string]any{"display_name": n(41)}, 422},
		"a display name of 40":    {http.MethodPatch, accountPath, map[string]any{"display_name": n(40)}, 200},
		"a profile of a megabyte": {http.MethodPatch, accountPath, map[string]any{"display_name": n(1 << 20)}, 413},
		"a note of 4,001":         {http.MethodPost, of + "/notes", map[string]any{"text": n(4001)}, 422},
		"a note of 4,000":         {http.MethodPost, of + "/notes", map[string]any{"text": n(4000)}, 201},
		"an empty note":           {http.MethodPost, of + "/notes", map[string]any{"text": ""}, 422},
		"a reason of 501": {http.MethodPost, of + "/sanctions",
			map[string]any{"kind": "login_block", "reason": n(501)}, 422},
		"an internal note of 4001": {http.MethodPost, of + "/sanctions",
			map[string]any{"kind": "login_block", "reason": "x", "internal_note": n(4001)}, 422},
		"a limit of 1,001": {http.MethodPut, of + "/limits/active_memberships",
			map[string]any{"value": 1001, "reason": "x"}, 422},
		"a limit of one and a half": {http.MethodPut, of + "/limits/active_memberships",
			map[string]any{"value": 1.5, "reason": "x"}, 422},
		"an unknown plan": {http.MethodPost, of + "/entitlements", map[string]any{"plan": "gold", "reason": "x"},
			422},
		"a field of the server": {http.MethodPost, of + "/entitlements",
			map[string]any{"plan": "monthly", "reason": "x", "source": "expiry"}, 422},
		"an unknown kind of sanction": {http.MethodPost, of + "/sanctions", map[string]any{"kind": "unknown", "reason": "x"},
			422},
		"a NUL":            {http.MethodPost, of + "/notes", `{"text":"a\u0000b"}`, 400},
		"half a surrogate": {http.MethodPost, of + "/notes", `{"text":"\ud800"}`, 400},
		"another field":    {http.MethodPost, of + "/notes", `{"text":"x","actor":"somebody else"}`, 400},
		"an id of one's own": {http.MethodPatch, accountPath,
			`{"display_name":"x","user_id":"0197a3c2-5f0e-7c3a-9f51-0d6a1e2b3c4d"}`, 400},
	} {
		got := f.admin().User(me.User).Lenient().Call(c.method, c.path, c.body)
		require.Equal(t, c.status, got.Status, "%s: %s", name, got.Body)
	}
}

func TestInvalidPublicKeysAreRefusedBeforeTheCode(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	d := newDevice(t)
	f.signInDirectly("ada@example.org", d)
	c, code := f.requestCode("bob@example.org")
	for name, key := range map[string]string{
		"31 bytes":     "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==",
		"33 bytes":     "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
		"url alphabet": "__-_" + d.publicKey()[4:], "no padding": strings.TrimRight(d.publicKey(), "="),
		"padding twice": d.publicKey() + "=",
		"PEM":           "-----BEGIN PUBLIC KEY-----", "all zero": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"of order one":   "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"of order two":   "7P///////////////////////////////////////38=",
		"of order eight": "JuiVj8KyJ7BFw/SJ8u+Y8NXfrAXTxjM5sTgCiG1T/AU=",
		"not canonical":  "7v///////////////////////////////////////38=",
	} {
		body := confirmBody(c, code, d)
		body["client_public_key"] = key
		require.Equal(t, 400, f.api.Post(publicPath+"confirm-email-code", body).Status, name)
	}
	require.Zero(t, f.count(`SELECT cardinality(attempt_ids) FROM auth_challenges WHERE challenge_id = $1`, c),
		"no attempt was made")
	f.confirm(c, code, d).Refused(409, "public_key_in_use")
	f.confirm(c, code, newDevice(t)).Want(200)
}

func TestAnUnreadableClientAddressHasNoCountry(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	for i, forwarded := range []string{"unknown", "10.0.0.1", "fe80::1%eth0", strings.Repeat("1", 300), "203.0.113.7:443",
		"203.0.113.7, garbage", "::"} {
		email := fmt.Sprintf("user%d@example.org", i)
		f.from(forwarded).sendCode(email)
		me := testkit.Into[signedIn](f.from(forwarded).api.Post(publicPath+"confirm-email-code",
			confirmBody(f.newestChallenge(email), f.mailer.LastCode(email), newDevice(t))).Want(200))
		require.Contains(t, string(f.from(forwarded).api.User(me.User).Get(accountPath).Want(200).Body),
			`"declared_country":""`, forwarded)
	}
	require.NoError(t, f.geo.Flush(t.Context()))
	require.Zero(t, f.count(`SELECT count(*) FROM user_country_counters`))
}

// newestChallenge is the last challenge of an address.
func (f *fixture) newestChallenge(email string) uuid.UUID {
	f.Helper()
	return f.ids(`SELECT challenge_id FROM auth_challenges WHERE email_canonical = $1 ORDER BY challenge_id DESC`,
		email)[0]
}

func TestOperatorsLookUpTheCountryOfOneAddress(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	for ip, want := range map[string]string{"203.0.113.7": `"DE"`, "::ffff:203.0.113.7": `"DE"`, "2001:db8::1": `"SE"`,
		"192.0.2.200": "null", "10.0.0.1": "null"} {
		require.Contains(t, string(f.admin().Get("/api/v1/admin/geo/lookup?ip="+url.QueryEscape(ip)).Want(200).Body),
			`"country":`+want, ip)
	}
	for _, query := range []string{"", "?ip=", "?ip=nonsense", "?ip=203.0.113.7%2F24", "?ip=203.0.113.7:80",
		"?ip=fe80::1%25eth0", "?ip=203.0.113.7&ip=198.51.100.7",
		"?ip=" + strings.Repeat("1", 300)} {
		f.admin().Lenient().Get("/api/v1/admin/geo/lookup"+query).Refused(400, "invalid_request")
	}
}

func TestTheUserHeaderIsIgnoredOnOtherSurfaces(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	me := f.signInDirectly("ada@example.org", newDevice(t))
	_, _, err := f.users.ApplySanction(t.Context(), me.User,
		user.SanctionTerms{Kind: user.PermanentBlock, Reason: "cheating"})
	require.NoError(t, err)
	for _, api := range []*testkit.API{f.api.User(me.User), f.api.With("X-User-ID", "nonsense")} {
		api.Post(publicPath+"send-email-code", map[string]any{"email": "bob@example.org", "language": "en"}).Want(200)
		api.Admin(operator, password).Get("/api/v1/admin/users").Want(200)
	}
	require.Zero(t, f.count(`SELECT count(*) FROM user_country_counters`))
}

// disconnectDuring sends a confirmation over a connection of its own and closes it
// while the service waits for the challenge's row.
func (f *fixture) disconnectDuring(challenge uuid.UUID, body string) {
	f.Helper()
	f.whileLocked(`SELECT 1 FROM auth_challenges WHERE challenge_id = $1 FOR UPDATE`, challenge, func() {
		conn, err := (&net.Dialer{}).DialContext(f.Context(), "tcp", strings.TrimPrefix(f.base, "http://"))
		require.NoError(f, err)
		_, err = fmt.Fprintf(conn, "POST %sconfirm-email-code HTTP/1.1\r\nHost: backend\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			publicPath, len(body), body)
		require.NoError(f, err)
		f.awaitLockWaiter()
		require.NoError(f, conn.(*net.TCPConn).SetLinger(0)) // RST: the server notices at once
		require.NoError(f, conn.Close())
	})
}

func TestAClientThatDisconnectsHasSpentItsAttempt(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	c, code := f.requestCode("ada@example.org")
	d := newDevice(t)
	body := func(code string) string {
		return fmt.Sprintf(`{"challenge_id":"%s","code":"%s","client_public_key":"%s","time_zone":"UTC"}`, c, code,
			d.publicKey())
	}
	attempts := func() int { return f.count(`SELECT cardinality(attempt_ids) FROM auth_challenges`) }
	for n := range 3 {
		f.disconnectDuring(c, body("0000-0000"))
		require.Eventually(t, func() bool { return attempts() == n+1 }, time.Minute, time.Millisecond)
	}
	f.disconnectDuring(c, body(code))
	require.Eventually(t, func() bool { return attempts() == 4 }, time.Minute, time.Millisecond)
	// Whether or not that confirmation came through, the repeat is the same session.
	f.api.Post(publicPath+"confirm-email-code", body(code)).Want(200)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM device_sessions`))
	require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts`))
}

// The time that a request takes does not tell whether an address is known, blocked,
// deleted or new. The test runs alone, because it measures.
func TestRequestsForACodeTakeAsLongForEveryAddress(t *testing.T) {
	f := newFixture(t)
	f.register("known@example.org")
	blocked, deleted := f.register("blocked@example.org"), f.register("deleted@example.org")
	_, _, err := f.users.ApplySanction(t.Context(), blocked.ID,
		user.SanctionTerms{Kind: user.PermanentBlock, Reason: "cheating"})
	require.NoError(t, err)
	require.NoError(t, f.users.Delete(t.Context(), deleted.ID))
	took, size := map[string][]time.Duration{}, map[int]bool{}
	for range 100 {
		f.clock.Advance(time.Hour) // past the throttle and the caps
		f.clock.BlockUntil(backgroundLoops)
		for _, i := range rand.Perm(4) {
			email := []string{"known", "unknown", "blocked", "deleted"}[i] + "@example.org"
			start := time.Now()
			reply := f.api.Post(publicPath+"send-email-code", map[string]any{"email": email, "language": "en"}).Want(200)
			took[email] = append(took[email], time.Since(start))
			size[len(reply.Body)] = true
		}
	}
	require.Len(t, size, 1, "the answers differ in length")
	var medians []time.Duration
	for _, all := range took {
		slices.Sort(all)
		medians = append(medians, all[len(all)/2])
	}
	slices.Sort(medians)
	require.Less(t, medians[3]-medians[0], max(2*time.Millisecond, medians[0]/2), "medians %s", medians)
}
