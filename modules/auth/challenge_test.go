package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/auth"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestPastTheThrottleTheNewestChallengeIsAnsweredAndNoMailLeaves(t *testing.T) {
	t.Parallel()
	h := open(t)
	seen := map[uuid.UUID]bool{}
	var last issued
	for range 3 {
		last = h.send("ada@example.org")
		seen[last.ChallengeID] = true
	}
	require.Len(t, seen, 3)
	fourth := h.send("Ada@Example.org")
	require.Equal(t, last, fourth)
	require.Equal(t, 3, h.count(`SELECT count(*) FROM mail_deliveries`))
	require.Eventually(t, func() bool {
		return h.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'sent'`) == 3
	}, time.Minute, time.Millisecond)
	require.Len(t, h.inbox.All(), 3)

	h.clock.Advance(time.Minute)
	require.NotEqual(t, last.ChallengeID, h.send("ada@example.org").ChallengeID, "the window has passed")
}

func TestPastTheCapsOfAnAddressTheMailIsSuppressed(t *testing.T) {
	t.Parallel()
	h := open(t)
	suppressed := func() int {
		return h.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'suppressed'`)
	}
	for range 10 {
		h.send("ada@example.org")
		h.clock.Advance(time.Minute)
	}
	require.Zero(t, suppressed())
	eleventh := h.send("ada@example.org")
	require.NotEqual(t, uuid.Nil, eleventh.ChallengeID)
	require.Equal(t, 1, suppressed(), "ten an hour")
	require.Zero(t, h.count(`SELECT count(*) FROM mail_payloads p JOIN mail_deliveries d USING (delivery_id)
		WHERE d.status = 'suppressed' AND (p.body_text <> '' OR p.body_html <> '')`), "a code that is not sent is kept nowhere")
	for range 2 {
		h.clock.Advance(time.Hour)
		for range 10 {
			h.send("ada@example.org")
			h.clock.Advance(time.Minute)
		}
	}
	require.Equal(t, 1, suppressed())
	h.clock.Advance(time.Hour)
	h.send("ada@example.org")
	require.Equal(t, 2, suppressed(), "thirty a day")
}

func TestPastTheCapOfANetworkTheMailIsSuppressed(t *testing.T) {
	t.Parallel()
	h := open(t)
	flood, calm := h.from("198.51.100.7"), h.from("198.51.100.8")
	for i := range 31 {
		flood.send(fmt.Sprintf("user%d@example.org", i))
	}
	calm.send("ada@example.org")
	require.Equal(t, 1, h.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'suppressed'`))
	h.clock.Advance(time.Minute)
	flood.send("later@example.org")
	require.Equal(t, 1, h.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'suppressed'`))
}

func TestAskingLooksTheSameForKnownUnknownAndBlocked(t *testing.T) {
	t.Parallel()
	post := &letters{}
	h := open(t, testkit.StandIn[auth.Mailer](post), testkit.StandIn[user.Mailer](post))
	h.clock.BlockUntil(loops) // nothing else talks to the database
	h.quick("known@example.org")
	blocked := h.quick("blocked@example.org")
	_, _, err := h.users.ApplySanction(t.Context(), blocked.ID, user.SanctionTerms{Kind: user.LoginBlock, Reason: "spam"})
	require.NoError(t, err)
	var costs []pg.Traffic
	for _, email := range []string{"known@example.org", "unknown@example.org", "blocked@example.org"} {
		costs = append(costs, h.traffic(func() { require.Equal(t, noon.Add(10*time.Minute), h.send(email).ExpiresAt) }))
	}
	require.Equal(t, []pg.Traffic{costs[0], costs[0], costs[0]}, costs)
	require.LessOrEqual(t, costs[0].RoundTrips, int64(3))
	require.Equal(t, []bool{false, false, true}, post.suppressed())
}

func TestABlockedAccountCannotSignInWithACodeItHas(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := h.quick("ada@example.org")
	c := h.send("ada@example.org")
	code := h.code("ada@example.org")
	ctx := httpx.WithCall(t.Context(), "r", uuid.Nil, httpx.Principal{Username: operator, Role: httpx.Operator})
	x, _, err := h.users.ApplySanction(ctx, a.ID, user.SanctionTerms{Kind: user.LoginBlock, Reason: "spam"})
	require.NoError(t, err)
	refused := h.confirm(c.ChallengeID, code, newDevice(t)).Refused(403, "account_blocked")
	require.Contains(t, string(refused.Body), `"reason":"spam"`, "whoever reads the mail of the address may know")
	require.NoError(t, h.users.LiftSanction(ctx, a.ID, x.ID))
	h.confirm(c.ChallengeID, code, newDevice(t)).Want(200)
}

func TestOnlyPlainAddressesAreMailed(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, email := range []string{"a b@example.org", "ada@localhost", "ada@[127.0.0.1]", `"ada"@example.org`, "Ada <ada@example.org>", "a@b@example.org",
		"ada@exämple.org", "ada@example..org", ".ada@example.org", "ada,bob@example.org", "ada\r\nBcc: x@example.org"} {
		h.api.Post(public+"send-email-code", map[string]any{"email": email, "language": "en"}).Refused(422, "validation_failed")
	}
	require.Zero(t, h.count(`SELECT count(*) FROM auth_challenges`))
}

func TestTheCodeIsScrubbedOnceItWasSent(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.send("ada@example.org")
	code := h.code("ada@example.org")
	require.Eventually(t, func() bool {
		return h.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'sent'`) == 1
	}, time.Minute, time.Millisecond)
	require.Zero(t, h.count(`SELECT count(*) FROM mail_payloads WHERE body_text LIKE '%' || $1 || '%' OR body_html LIKE '%' || $1 || '%'`, code))
}

func TestAMailedCodeSurvivesARestartAndANewKey(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.send("ada@example.org")
	code := h.code("ada@example.org")
	require.NoError(t, h.auth.Start(t.Context()), "as after a restart: the key comes from the database")
	h.confirm(c.ChallengeID, code, newDevice(t)).Want(200)
	require.Equal(t, 1, h.count(`SELECT count(*) FROM auth_keys`))
}

func TestTheAddressOfAnyoneLetsNobodySkipTheBodyRules(t *testing.T) {
	t.Parallel()
	h := open(t)
	api := h.api.Lenient()
	url := public + "send-email-code"
	api.Post(url, `{"email":"ada@example.org","language":"en","language":"de"}`).Want(400)
	api.Post(url, `{"email":"ada@example.org","language":"en","role":"admin"}`).Refused(400, "invalid_request")
	api.Post(url, `{"email":"ada@example.org"}`).Refused(422, "validation_failed")
	api.Post(url, `{"email":["ada@example.org"],"language":"en"}`).Refused(422, "validation_failed")
	api.Post(url, `null`).Want(422)
	api.Post(url, `{"email":"`+string(make([]byte, 5000))+`"}`).Refused(413, "body_too_large")
	require.NotEmpty(t, testkit.Into[map[string]any](api.Post(url, `[`).Want(400)))
}

func TestChallengesThatNothingCountsAnyMoreAreDeleted(t *testing.T) {
	t.Parallel()
	h, _ := quiet(t, settings())
	_, err := h.auth.SendCode(t.Context(), "old@example.org", "en")
	require.NoError(t, err)
	h.clock.Advance(24 * time.Hour)
	h.clock.BlockUntil(loops)
	_, err = h.auth.SendCode(t.Context(), "new@example.org", "en")
	require.NoError(t, err)
	require.Equal(t, 2, h.count(`SELECT count(*) FROM auth_challenges`), "a day back is what the caps count")
	h.clock.Advance(24*time.Hour + time.Minute)
	h.clock.BlockUntil(loops)
	require.Equal(t, 1, h.count(`SELECT count(*) FROM auth_challenges`))
}

func TestAProfileThatIsBlockedKeepsItsAddress(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := h.quick("ada@example.org")
	_, _, err := h.users.ApplySanction(t.Context(), a.ID, user.SanctionTerms{Kind: user.ProfileUpdateBlock, Reason: "spam"})
	require.NoError(t, err)
	h.api.User(a.ID).Post(email, map[string]any{"email": "ada@new.example"}).Refused(403, "profile_update_blocked")
}
