package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

type account struct {
	UserID          uuid.UUID `json:"user_id"`
	Email           string    `json:"email"`
	UserName        string    `json:"user_name"`
	DisplayName     string    `json:"display_name"`
	TimeZone        string    `json:"time_zone"`
	DeclaredCountry string    `json:"declared_country"`
}

type credential struct {
	Session   uuid.UUID `json:"device_session_id"`
	User      uuid.UUID `json:"user_id"`
	PublicKey string    `json:"client_public_key"`
	Status    string    `json:"status"`
	Reason    *string   `json:"revoked_reason"`
}

func (h *house) credential(session uuid.UUID) credential {
	h.Helper()
	return testkit.Into[credential](h.api.Get("/api/v1/internal/sessions/" + session.String()).Want(200))
}

func TestSigningInWithAMailedCodeMakesAnAccountAndASession(t *testing.T) {
	t.Parallel()
	h, phone := open(t), newDevice(t)
	me := h.from("203.0.113.7").signIn("Ada@Example.org", phone)

	seen := h.credential(me.Session)
	require.Equal(t, credential{Session: me.Session, User: me.User, PublicKey: phone.text(), Status: "active"}, seen)

	a := testkit.Into[account](h.api.User(me.User).Get("/api/v1/user/account").Want(200))
	require.Equal(t, "Ada@Example.org", a.Email)
	require.Equal(t, a.UserName, a.DisplayName)
	require.Equal(t, "Europe/Amsterdam", a.TimeZone)
	require.Equal(t, "DE", a.DeclaredCountry)
	require.Regexp(t, `^player-[a-z0-9]{8}$`, a.UserName)
}

func TestASecondSignInIsTheSameAccountInAnySpelling(t *testing.T) {
	t.Parallel()
	h := open(t)
	first := h.signIn("ada@example.org", newDevice(t))
	h.clock.Advance(2 * time.Minute)
	second := h.signIn("ADA@example.ORG", newDevice(t))
	require.Equal(t, first.User, second.User)
	require.NotEqual(t, first.Session, second.Session)
	require.Equal(t, 1, h.count(`SELECT count(*) FROM accounts`))
}

func TestWrongCodesAreCountedAndTheRightOneComesTooLate(t *testing.T) {
	t.Parallel()
	h, d := open(t), newDevice(t)
	c := h.send("ada@example.org")
	code := h.code("ada@example.org")
	for range 5 {
		h.confirm(c.ChallengeID, "0000-0000", d).Refused(400, "code_invalid")
	}
	h.confirm(c.ChallengeID, code, d).Refused(429, "challenge_exhausted")
	require.Zero(t, h.count(`SELECT count(*) FROM accounts`))
	require.Equal(t, 5, h.count(`SELECT cardinality(attempt_ids) FROM auth_challenges`))
}

func TestACodeThatIsNoCodeCostsNoAttempt(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.send("ada@example.org")
	for _, text := range []string{"K7Q", "Ｋ7QM3XZP", "U7QM3XZP", "------------"} {
		h.confirm(c.ChallengeID, text, newDevice(t)).Refused(400, "code_invalid")
	}
	h.api.Lenient().Post(public+"confirm-email-code", confirmation(c.ChallengeID, strings.Repeat("K", 100), newDevice(t))).Want(422)
	require.Zero(t, h.count(`SELECT cardinality(attempt_ids) FROM auth_challenges`))
}

func TestACodeOpensOnlyItsOwnChallengeOnceAndInTime(t *testing.T) {
	t.Parallel()
	h, d := open(t), newDevice(t)
	a := h.send("ada@example.org")
	codeA := h.code("ada@example.org")
	b := h.send("bob@example.org")
	codeB := h.code("bob@example.org")
	h.confirm(b.ChallengeID, codeA, d).Refused(400, "code_invalid")
	h.confirm(uuid.Must(uuid.NewV7()), codeA, d).Refused(400, "code_invalid")
	h.confirm(a.ChallengeID, codeA, d).Want(200)
	h.confirm(a.ChallengeID, codeA, newDevice(t)).Refused(400, "code_invalid")

	h.clock.Advance(10*time.Minute - time.Microsecond)
	other := newDevice(t)
	h.confirm(b.ChallengeID, "0000-0000", other).Refused(400, "code_invalid")
	h.clock.Advance(time.Microsecond)
	h.confirm(b.ChallengeID, codeB, other).Refused(410, "challenge_expired")
	h.confirm(a.ChallengeID, codeA, d).Refused(400, "code_invalid")
}

func TestTheSameConfirmationAgainAnswersTheSameSession(t *testing.T) {
	t.Parallel()
	h, d := open(t), newDevice(t)
	c := h.send("ada@example.org")
	code := h.code("ada@example.org")
	first := testkit.Into[signedIn](h.confirm(c.ChallengeID, code, d).Want(200))
	again := testkit.Into[signedIn](h.confirm(c.ChallengeID, code, d).Want(200))
	require.Equal(t, first, again)
	require.Equal(t, 1, h.count(`SELECT count(*) FROM device_sessions`))

	h.api.Post("/api/v1/internal/sessions/"+first.Session.String()+"/revoke", nil).Want(204)
	h.confirm(c.ChallengeID, code, d).Refused(400, "code_invalid")
}

func TestARepeatCannotBeUsedToGuessWithoutEnd(t *testing.T) {
	t.Parallel()
	h, d := open(t), newDevice(t)
	c := h.send("ada@example.org")
	code := h.code("ada@example.org")
	h.confirm(c.ChallengeID, code, d).Want(200)
	for range 9 {
		h.confirm(c.ChallengeID, "0000-0000", d).Refused(400, "code_invalid")
	}
	h.confirm(c.ChallengeID, code, d).Refused(429, "challenge_exhausted")
}

func TestSuccessUsesUpEveryLiveChallengeOfTheAddress(t *testing.T) {
	t.Parallel()
	h := open(t)
	first := h.send("ada@example.org")
	code := h.code("ada@example.org")
	second := h.send("Ada@example.org")
	h.confirm(second.ChallengeID, h.code("ada@example.org"), newDevice(t)).Want(200)
	h.confirm(first.ChallengeID, code, newDevice(t)).Refused(400, "code_invalid")
}

func TestBadFactsAreNamedBeforeAnAttemptIsMade(t *testing.T) {
	t.Parallel()
	h, d := open(t), newDevice(t)
	c := h.send("ada@example.org")
	for _, zone := range []string{"../../etc/passwd", "Europe/Nowhere", "Local", "europe/amsterdam"} {
		body := confirmation(c.ChallengeID, "K7QM-3XZP", d)
		body["time_zone"] = zone
		h.api.Post(public+"confirm-email-code", body).Refused(422, "validation_failed")
	}
	for _, tag := range []string{"../../etc", "und", "en_US_x", "english language"} {
		body := confirmation(c.ChallengeID, "K7QM-3XZP", d)
		body["language"] = tag
		h.api.Post(public+"confirm-email-code", body).Refused(422, "validation_failed")
	}
	body := confirmation(c.ChallengeID, "K7QM-3XZP", d)
	body["client_public_key"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	h.api.Post(public+"confirm-email-code", body).Refused(400, "public_key_invalid")
	require.Zero(t, h.count(`SELECT cardinality(attempt_ids) FROM auth_challenges`))
}

func TestTheLanguageOfTheFirstRequestIsKept(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := testkit.Into[issued](h.api.Post(public+"send-email-code", map[string]any{"email": "ada@example.org", "language": "pt-br"}).Want(200))
	body := confirmation(c.ChallengeID, h.code("ada@example.org"), newDevice(t))
	delete(body, "language")
	me := testkit.Into[signedIn](h.api.Post(public+"confirm-email-code", body).Want(200))
	require.Contains(t, string(h.api.User(me.User).Get("/api/v1/user/account").Want(200).Body), `"preferred_language":"pt-BR"`)
}

func TestDeviceFactsAreVisibleText(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.send("ada@example.org")
	body := confirmation(c.ChallengeID, h.code("ada@example.org"), newDevice(t))
	body["device"] = map[string]any{"name": " Ada's\n\u202ePixel\u200b 9 ", "user_agent": "galaxy/1.4\t\x1b[31m(test)"}
	me := testkit.Into[signedIn](h.api.Post(public+"confirm-email-code", body).Want(200))
	text := string(h.api.User(me.User).Get("/api/v1/user/sessions").Want(200).Body)
	require.Contains(t, text, `"device_name":"Ada'sPixel 9"`)
	require.Contains(t, text, `"user_agent":"galaxy/1.4[31m(test)"`)
}

func TestWithoutDeviceFactsTheRequestsOwnAgentIsKept(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.send("ada@example.org")
	body := confirmation(c.ChallengeID, h.code("ada@example.org"), newDevice(t))
	delete(body, "device")
	me := testkit.Into[signedIn](h.api.With("User-Agent", "galaxy/\xff2.0").Post(public+"confirm-email-code", body).Want(200))
	require.Contains(t, string(h.api.User(me.User).Get("/api/v1/user/sessions").Want(200).Body), `"device_name":"","user_agent":"galaxy/2.0"`)
}
