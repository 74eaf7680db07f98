package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestPastTheThrottleTheNewestChallengeIsAnsweredAndNoMailIsSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	seen := map[uuid.UUID]bool{}
	var last issued
	for range 3 {
		last = f.sendCode("ada@example.org")
		seen[last.ChallengeID] = true
	}
	require.Len(t, seen, 3)
	fourth := f.sendCode("Ada@Example.org")
	require.Equal(t, last, fourth)
	require.Equal(t, 3, f.count(`SELECT count(*) FROM mail_deliveries`))
	require.Eventually(t, func() bool {
		return f.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'sent'`) == 3
	}, time.Minute, time.Millisecond)
	require.Len(t, f.inbox.All(), 3)

	f.clock.Advance(time.Minute)
	require.NotEqual(t, last.ChallengeID, f.sendCode("ada@example.org").ChallengeID, "the window has passed")
}

func TestPastTheCapsOfAnAddressTheMailIsSuppressed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	suppressed := func() int {
		return f.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'suppressed'`)
	}
	for range 10 {
		f.sendCode("ada@example.org")
		f.clock.Advance(time.Minute)
	}
	require.Zero(t, suppressed())
	eleventh := f.sendCode("ada@example.org")
	require.NotEqual(t, uuid.Nil, eleventh.ChallengeID)
	require.Equal(t, 1, suppressed(), "ten an hour")
	require.Zero(t, f.count(`SELECT count(*) FROM mail_payloads p JOIN mail_deliveries d USING (delivery_id)
		WHERE d.status = 'suppressed' AND (p.body_text <> '' OR p.body_html <> '')`), "a code that is not sent is kept nowhere")
	for range 2 {
		f.clock.Advance(time.Hour)
		for range 10 {
			f.sendCode("ada@example.org")
			f.clock.Advance(time.Minute)
		}
	}
	require.Equal(t, 1, suppressed())
	f.clock.Advance(time.Hour)
	f.sendCode("ada@example.org")
	require.Equal(t, 2, suppressed(), "thirty a day")
}

func TestPastTheCapOfANetworkTheMailIsSuppressed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	flooding, quiet := f.from("198.51.100.7"), f.from("198.51.100.8")
	for i := range 31 {
		flooding.sendCode(fmt.Sprintf("user%d@example.org", i))
	}
	quiet.sendCode("ada@example.org")
	require.Equal(t, 1, f.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'suppressed'`))
	f.clock.Advance(time.Minute)
	flooding.sendCode("later@example.org")
	require.Equal(t, 1, f.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'suppressed'`))
}

func TestRequestsOfKnownUnknownAndBlockedAddressesCostTheSame(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig()) // nothing else uses the database
	f.register("known@example.org")
	blocked := f.register("blocked@example.org")
	_, _, err := f.users.ApplySanction(t.Context(), blocked.ID, user.SanctionTerms{Kind: user.LoginBlock, Reason: "spam"})
	require.NoError(t, err)
	var costs []pg.Traffic
	for _, email := range []string{"known@example.org", "unknown@example.org", "blocked@example.org"} {
		costs = append(costs, f.traffic(func() { require.Equal(t, noon.Add(10*time.Minute), f.sendCode(email).ExpiresAt) }))
	}
	require.Equal(t, []pg.Traffic{costs[0], costs[0], costs[0]}, costs)
	require.LessOrEqual(t, costs[0].RoundTrips, int64(3))
	require.Equal(t, []bool{false, false, true}, suppressedCodes(f.mailer))
}

func TestABlockedAccountCannotSignInWithACodeItHas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	c := f.sendCode("ada@example.org")
	code := f.mailedCode("ada@example.org")
	ctx := httpx.WithCall(t.Context(), "r", uuid.Nil, httpx.Principal{Username: operator, Role: httpx.Operator})
	x, _, err := f.users.ApplySanction(ctx, a.ID, user.SanctionTerms{Kind: user.LoginBlock, Reason: "spam"})
	require.NoError(t, err)
	refused := f.confirm(c.ChallengeID, code, newDevice(t)).Refused(403, "account_blocked")
	require.Contains(t, string(refused.Body), `"reason":"spam"`, "whoever reads the mail of the address may know")
	require.NoError(t, f.users.LiftSanction(ctx, a.ID, x.ID))
	f.confirm(c.ChallengeID, code, newDevice(t)).Want(200)
}

func TestOnlyPlainAddressesAreAccepted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, email := range []string{"a b@example.org", "ada@localhost", "ada@[127.0.0.1]", `"ada"@example.org`,
		"Ada <ada@example.org>", "a@b@example.org",
		"ada@exämple.org", "ada@example..org", ".ada@example.org", "ada,bob@example.org", "ada\r\nBcc: x@example.org"} {
		f.api.Post(publicPath+"send-email-code", map[string]any{"email": email, "language": "en"}).
			Refused(422, "validation_failed")
	}
	require.Zero(t, f.count(`SELECT count(*) FROM auth_challenges`))
}

func TestTheCodeIsScrubbedOnceItIsSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.sendCode("ada@example.org")
	code := f.mailedCode("ada@example.org")
	require.Eventually(t, func() bool {
		return f.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'sent'`) == 1
	}, time.Minute, time.Millisecond)
	require.Zero(t, f.count(`SELECT count(*) FROM mail_payloads WHERE body_text LIKE '%' || $1 || '%' OR body_html LIKE '%' || $1 || '%'`, code))
}

func TestAMailedCodeSurvivesARestartAndANewKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.sendCode("ada@example.org")
	code := f.mailedCode("ada@example.org")
	require.NoError(t, f.auth.Start(t.Context()), "as after a restart: the key comes from the database")
	f.confirm(c.ChallengeID, code, newDevice(t)).Want(200)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM auth_keys`))
}

func TestMalformedRequestsForACodeAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	api := f.api.Lenient()
	url := publicPath + "send-email-code"
	api.Post(url, `{"email":"ada@example.org","language":"en","language":"de"}`).Want(400)
	api.Post(url, `{"email":"ada@example.org","language":"en","role":"admin"}`).Refused(400, "invalid_request")
	api.Post(url, `{"email":"ada@example.org"}`).Refused(422, "validation_failed")
	api.Post(url, `{"email":["ada@example.org"],"language":"en"}`).Refused(422, "validation_failed")
	api.Post(url, `null`).Want(422)
	api.Post(url, `{"email":"`+string(make([]byte, 5000))+`"}`).Refused(413, "body_too_large")
	require.NotEmpty(t, testkit.Into[map[string]any](api.Post(url, `[`).Want(400)))
}

func TestChallengesThatNoCapCountsAreDeleted(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	_, err := f.auth.SendCode(t.Context(), "old@example.org", "en")
	require.NoError(t, err)
	f.clock.Advance(24 * time.Hour)
	f.clock.BlockUntil(backgroundLoops)
	_, err = f.auth.SendCode(t.Context(), "new@example.org", "en")
	require.NoError(t, err)
	require.Equal(t, 2, f.count(`SELECT count(*) FROM auth_challenges`), "a day back is what the caps count")
	f.clock.Advance(24*time.Hour + time.Minute)
	f.clock.BlockUntil(backgroundLoops)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM auth_challenges`))
}
