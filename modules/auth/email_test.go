package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

const email = "/api/v1/user/account/email"

// moves asks for a code to another address and confirms it.
func (h *house) moves(me signedIn, to string) testkit.Reply {
	h.Helper()
	c := testkit.Into[issued](h.api.User(me.User).Post(email, map[string]any{"email": to}).Want(200))
	return h.api.User(me.User).Post(email+"/confirm", map[string]any{"challenge_id": c.ChallengeID, "code": h.code(to)})
}

func TestANewAddressIsProvenAndTheOldOneTold(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := h.signIn("ada@example.org", newDevice(t))
	read := h.inbox.Next("ada@example.org", "").ID
	require.JSONEq(t, `{"email":"Ada@New.example"}`, string(h.moves(me, "Ada@New.example").Want(200).Body))

	notice := h.inbox.Next("ada@example.org", read)
	require.Contains(t, notice.Text, "A***@New.example")
	require.NotContains(t, notice.Text, "Ada@New")
	require.Equal(t, "Ada@New.example", testkit.Into[account](h.api.User(me.User).Get("/api/v1/user/account").Want(200)).Email)
	require.Equal(t, "active", h.credential(me.Session).Status)

	h.clock.Advance(time.Hour)
	require.Equal(t, me.User, h.signIn("ada@new.example", newDevice(t)).User)
	require.NotEqual(t, me.User, h.signIn("ada@example.org", newDevice(t)).User, "the old address is anybody's")
}

func TestTheSameChangeAgainAnswersTheSame(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := h.signIn("ada@example.org", newDevice(t))
	c := testkit.Into[issued](h.api.User(me.User).Post(email, map[string]any{"email": "ada@new.example"}).Want(200))
	body := map[string]any{"challenge_id": c.ChallengeID, "code": h.code("ada@new.example")}
	first := h.api.User(me.User).Post(email+"/confirm", body).Want(200)
	again := h.api.User(me.User).Post(email+"/confirm", body).Want(200)
	require.Equal(t, first.Body, again.Body)
	require.Equal(t, 1, h.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.email_changed'`))
	h.moves(me, "ada@third.example").Want(200)
	h.api.User(me.User).Post(email+"/confirm", body).Refused(400, "code_invalid")
}

func TestACodeForAChangeBelongsToItsUserAndPurpose(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, bob := h.signIn("ada@example.org", newDevice(t)), h.signIn("bob@example.org", newDevice(t))
	c := testkit.Into[issued](h.api.User(ada.User).Post(email, map[string]any{"email": "ada@new.example"}).Want(200))
	code := h.code("ada@new.example")
	body := map[string]any{"challenge_id": c.ChallengeID, "code": code}
	h.api.User(bob.User).Post(email+"/confirm", body).Refused(400, "code_invalid")
	h.confirm(c.ChallengeID, code, newDevice(t)).Refused(400, "code_invalid")
	h.api.User(ada.User).Post(email+"/confirm", map[string]any{"challenge_id": uuid.Must(uuid.NewV7()), "code": code}).Refused(400, "code_invalid")
	h.api.User(ada.User).Post(email+"/confirm", map[string]any{"challenge_id": c.ChallengeID, "code": "nonsense!"}).Refused(400, "code_invalid")
	h.api.User(ada.User).Post(email+"/confirm", body).Want(200)
}

func TestSuccessUsesUpCodesOfEitherPurpose(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, bob := h.quick("ada@example.org"), h.quick("bob@example.org")
	change := func(as uuid.UUID, to string) (uuid.UUID, string) {
		c := testkit.Into[issued](h.api.User(as).Post(email, map[string]any{"email": to}).Want(200))
		return c.ChallengeID, h.code(to)
	}
	c := h.send("new@example.org")
	signIn := h.code("new@example.org")
	first, code := change(ada.ID, "new@example.org")
	h.api.User(ada.ID).Post(email+"/confirm", map[string]any{"challenge_id": first, "code": code}).Want(200)
	h.confirm(c.ChallengeID, signIn, newDevice(t)).Refused(400, "code_invalid")

	second, code := change(bob.ID, "next@example.org")
	h.signIn("next@example.org", newDevice(t))
	h.api.User(bob.ID).Post(email+"/confirm", map[string]any{"challenge_id": second, "code": code}).Refused(400, "code_invalid")
}

func TestATakenAddressLooksLikeAnyOther(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.signIn("ada@example.org", newDevice(t))
	h.quick("bob@example.org")
	h.api.User(ada.User).Post(email, map[string]any{"email": "Bob@example.org"}).Want(200)
	require.Equal(t, 1, h.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'auth.email_change_code' AND status = 'suppressed'`))
	h.api.User(ada.User).Post(email, map[string]any{"email": "ada@example.org"}).Refused(409, "email_unchanged")
	h.api.User(ada.User).Post(email, map[string]any{"email": "nobody"}).Refused(422, "validation_failed")

	c := testkit.Into[issued](h.api.User(ada.User).Post(email, map[string]any{"email": "carol@example.org"}).Want(200))
	code := h.code("carol@example.org")
	h.quick("carol@example.org")
	h.api.User(ada.User).Post(email+"/confirm", map[string]any{"challenge_id": c.ChallengeID, "code": code}).Refused(409, "email_taken")
}

func TestAnErasedAccountsFormerAddressesAreErasedFromTheMail(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := h.signIn("ada@example.org", newDevice(t))
	h.moves(me, "ada@new.example").Want(200)
	require.Eventually(t, func() bool {
		return h.count(`SELECT count(*) FROM mail_deliveries WHERE status <> 'sent'`) == 0
	}, time.Minute, time.Millisecond)
	h.api.User(me.User).Delete("/api/v1/user/account").Want(204)
	h.clock.Advance(7 * 24 * time.Hour)
	require.NoError(t, h.sweeper.RunOnce(t.Context(), h.clock.Now()))
	require.Zero(t, h.count(`SELECT count(*) FROM mail_recipients WHERE address ILIKE '%ada@%'`))
	require.Zero(t, h.count(`SELECT count(*) FROM former_emails`))
}

func TestASignInFromANewCountryIsTold(t *testing.T) {
	t.Parallel()
	h := open(t)
	notices := func() int {
		return h.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.new_country'`)
	}
	in := func(ip string) {
		h.clock.Advance(time.Hour)
		h.from(ip).signIn("ada@example.org", newDevice(t))
	}
	in("203.0.113.7") // DE, where the account is made
	in("203.0.113.9")
	in("10.0.0.1") // nowhere
	require.Zero(t, notices())
	in("198.51.100.7") // FR
	require.Equal(t, 1, notices())
	in("198.51.100.8")
	require.Equal(t, 1, notices(), "a live session knows the place")
	text := ""
	for _, m := range h.inbox.All() {
		if m.Subject == "New sign-in to your Galaxy account" {
			text = m.Text
		}
	}
	require.Contains(t, text, "FR")
}

func TestACountryThatTheCountersKnowIsNotNews(t *testing.T) {
	t.Parallel()
	h := open(t)
	me := h.from("203.0.113.7").signIn("ada@example.org", newDevice(t))
	h.from("198.51.100.7").api.User(me.User).Get("/api/v1/user/account").Want(200)
	require.NoError(t, h.geo.Flush(t.Context()))
	require.Contains(t, string(h.admin().Get("/api/v1/admin/users/"+me.User.String()+"/country-counters").Want(200).Body), `"country":"FR","count":1`)
	h.clock.Advance(time.Hour)
	h.from("198.51.100.9").signIn("ada@example.org", newDevice(t))
	require.Zero(t, h.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.new_country'`))
}

func TestACountryOfASessionThatIsOverIsNotNews(t *testing.T) {
	t.Parallel()
	h := open(t)
	in := func(ip string) signedIn {
		h.clock.Advance(time.Hour)
		return h.from(ip).signIn("ada@example.org", newDevice(t))
	}
	in("203.0.113.7")
	abroad := in("198.51.100.7")
	require.Equal(t, 1, h.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.new_country'`))
	h.api.User(abroad.User).Post("/api/v1/user/sessions/"+abroad.Session.String()+"/revoke", nil).Want(204)
	in("198.51.100.9")
	require.Equal(t, 1, h.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.new_country'`))
}

// One account cannot make the product write to the whole world.
func TestPastTheCapsOfAnAccountNoAddressIsMailed(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, bob := h.quick("ada@example.org"), h.quick("bob@example.org")
	suppressed := func() int {
		return h.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'suppressed'`)
	}
	ask := func(as uuid.UUID, to string) {
		h.api.User(as).Post(email, map[string]any{"email": to}).Want(200)
	}
	for hour := range 3 {
		for i := range 10 {
			ask(ada.ID, fmt.Sprintf("user%d@at%d.example", i, hour))
		}
		require.Zero(t, suppressed())
		if hour == 0 {
			ask(ada.ID, "eleventh@example.net")
			require.Equal(t, 1, suppressed(), "ten an hour")
			h.exec(`DELETE FROM mail_deliveries WHERE status = 'suppressed'`)
		}
		h.clock.Advance(time.Hour)
	}
	ask(ada.ID, "another@example.net")
	require.Equal(t, 1, suppressed(), "thirty a day")
	ask(bob.ID, "another@example.com")
	require.Equal(t, 1, suppressed(), "the caps are the account's own")
}
