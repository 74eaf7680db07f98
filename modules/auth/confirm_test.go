package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

func TestSigningInWithAMailedCodeMakesAnAccountAndASession(t *testing.T) {
	t.Parallel()
	f, phone := newFixture(t), newDevice(t)
	me := f.from("203.0.113.7").signIn("Ada@Example.org", phone)

	seen := f.credential(me.Session)
	require.Equal(t, credential{Session: me.Session, User: me.User, PublicKey: phone.publicKey(), Status: "active"}, seen)

	a := testkit.Into[account](f.api.User(me.User).Get(accountPath).Want(200))
	require.Equal(t, "Ada@Example.org", a.Email)
	require.Equal(t, a.UserName, a.DisplayName)
	require.Equal(t, "Europe/Amsterdam", a.TimeZone)
	require.Equal(t, "DE", a.DeclaredCountry)
	require.Regexp(t, `^player-[a-z0-9]{8}$`, a.UserName)
}

func TestAnAddressInAnyCaseIsTheSameAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.signIn("ada@example.org", newDevice(t))
	f.clock.Advance(2 * time.Minute)
	second := f.signIn("ADA@example.ORG", newDevice(t))
	require.Equal(t, first.User, second.User)
	require.NotEqual(t, first.Session, second.Session)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts`))
}

func TestAfterTooManyWrongCodesTheRightOneIsRefused(t *testing.T) {
	t.Parallel()
	f, d := newFixture(t), newDevice(t)
	c := f.sendCode("ada@example.org")
	code := f.mailedCode("ada@example.org")
	for range 5 {
		f.confirm(c.ChallengeID, "0000-0000", d).Refused(400, "code_invalid")
	}
	f.confirm(c.ChallengeID, code, d).Refused(429, "challenge_exhausted")
	require.Zero(t, f.count(`SELECT count(*) FROM accounts`))
	require.Equal(t, 5, f.count(`SELECT cardinality(attempt_ids) FROM auth_challenges`))
}

func TestAMalformedCodeCostsNoAttempt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.sendCode("ada@example.org")
	for _, text := range []string{"K7Q", "Ｋ7QM3XZP", "U7QM3XZP", "------------"} {
		f.confirm(c.ChallengeID, text, newDevice(t)).Refused(400, "code_invalid")
	}
	f.api.Lenient().Post(publicPath+"confirm-email-code",
		confirmBody(c.ChallengeID, strings.Repeat("K", 100), newDevice(t))).Want(422)
	require.Zero(t, f.count(`SELECT cardinality(attempt_ids) FROM auth_challenges`))
}

func TestACodeWorksForItsOwnChallengeOnceAndUntilItExpires(t *testing.T) {
	t.Parallel()
	f, d := newFixture(t), newDevice(t)
	a := f.sendCode("ada@example.org")
	codeA := f.mailedCode("ada@example.org")
	b := f.sendCode("bob@example.org")
	codeB := f.mailedCode("bob@example.org")
	f.confirm(b.ChallengeID, codeA, d).Refused(400, "code_invalid")
	f.confirm(uuid.Must(uuid.NewV7()), codeA, d).Refused(400, "code_invalid")
	f.confirm(a.ChallengeID, codeA, d).Want(200)
	f.confirm(a.ChallengeID, codeA, newDevice(t)).Refused(400, "code_invalid")

	f.clock.Advance(10*time.Minute - time.Microsecond)
	other := newDevice(t)
	f.confirm(b.ChallengeID, "0000-0000", other).Refused(400, "code_invalid")
	f.clock.Advance(time.Microsecond)
	f.confirm(b.ChallengeID, codeB, other).Refused(410, "challenge_expired")
	f.confirm(a.ChallengeID, codeA, d).Refused(400, "code_invalid")
}

func TestARepeatedConfirmationReturnsTheSameSession(t *testing.T) {
	t.Parallel()
	f, d := newFixture(t), newDevice(t)
	c := f.sendCode("ada@example.org")
	code := f.mailedCode("ada@example.org")
	first := testkit.Into[signedIn](f.confirm(c.ChallengeID, code, d).Want(200))
	again := testkit.Into[signedIn](f.confirm(c.ChallengeID, code, d).Want(200))
	require.Equal(t, first, again)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM device_sessions`))

	f.api.Post(internalPath(first.Session)+"/revoke", nil).Want(204)
	f.confirm(c.ChallengeID, code, d).Refused(400, "code_invalid")
}

func TestRepeatsAreLimitedToo(t *testing.T) {
	t.Parallel()
	f, d := newFixture(t), newDevice(t)
	c := f.sendCode("ada@example.org")
	code := f.mailedCode("ada@example.org")
	f.confirm(c.ChallengeID, code, d).Want(200)
	for range 9 {
		f.confirm(c.ChallengeID, "0000-0000", d).Refused(400, "code_invalid")
	}
	f.confirm(c.ChallengeID, code, d).Refused(429, "challenge_exhausted")
}

func TestSuccessUsesUpEveryLiveChallengeOfTheAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.sendCode("ada@example.org")
	code := f.mailedCode("ada@example.org")
	second := f.sendCode("Ada@example.org")
	f.confirm(second.ChallengeID, f.mailedCode("ada@example.org"), newDevice(t)).Want(200)
	f.confirm(first.ChallengeID, code, newDevice(t)).Refused(400, "code_invalid")
}

func TestInvalidFieldsAreRefusedBeforeAnAttemptIsMade(t *testing.T) {
	t.Parallel()
	f, d := newFixture(t), newDevice(t)
	c := f.sendCode("ada@example.org")
	for _, zone := range []string{"../../etc/passwd", "Europe/Nowhere", "Local", "europe/amsterdam"} {
		body := confirmBody(c.ChallengeID, "K7QM-3XZP", d)
		body["time_zone"] = zone
		f.api.Post(publicPath+"confirm-email-code", body).Refused(422, "validation_failed")
	}
	for _, tag := range []string{"../../etc", "und", "en_US_x", "english language"} {
		body := confirmBody(c.ChallengeID, "K7QM-3XZP", d)
		body["language"] = tag
		f.api.Post(publicPath+"confirm-email-code", body).Refused(422, "validation_failed")
	}
	body := confirmBody(c.ChallengeID, "K7QM-3XZP", d)
	body["client_public_key"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	f.api.Post(publicPath+"confirm-email-code", body).Refused(400, "public_key_invalid")
	require.Zero(t, f.count(`SELECT cardinality(attempt_ids) FROM auth_challenges`))
}

func TestTheLanguageOfTheFirstRequestIsKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := testkit.Into[issued](f.api.Post(publicPath+"send-email-code",
		map[string]any{"email": "ada@example.org", "language": "pt-br"}).Want(200))
	body := confirmBody(c.ChallengeID, f.mailedCode("ada@example.org"), newDevice(t))
	delete(body, "language")
	me := testkit.Into[signedIn](f.api.Post(publicPath+"confirm-email-code", body).Want(200))
	require.Contains(t, string(f.api.User(me.User).Get(accountPath).Want(200).Body), `"preferred_language":"pt-BR"`)
}

func TestDeviceTextsArePrintable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.sendCode("ada@example.org")
	body := confirmBody(c.ChallengeID, f.mailedCode("ada@example.org"), newDevice(t))
	body["device"] = map[string]any{"name": " Ada's\n\u202ePixel\u200b 9 ", "user_agent": "galaxy/1.4\t\x1b[31m(test)"}
	me := testkit.Into[signedIn](f.api.Post(publicPath+"confirm-email-code", body).Want(200))
	text := string(f.api.User(me.User).Get(sessionsPath).Want(200).Body)
	require.Contains(t, text, `"device_name":"Ada'sPixel 9"`)
	require.Contains(t, text, `"user_agent":"galaxy/1.4[31m(test)"`)
}

func TestWithoutADeviceTheUserAgentOfTheRequestIsKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.sendCode("ada@example.org")
	body := confirmBody(c.ChallengeID, f.mailedCode("ada@example.org"), newDevice(t))
	delete(body, "device")
	me := testkit.Into[signedIn](f.api.With("User-Agent", "galaxy/\xff2.0").Post(publicPath+"confirm-email-code", body).
		Want(200))
	require.Contains(t, string(f.api.User(me.User).Get(sessionsPath).Want(200).Body),
		`"device_name":"","user_agent":"galaxy/2.0"`)
}
