package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/testkit"
)

// changeEmail asks for a code to another address and confirms it.
func (f *fixture) changeEmail(me signedIn, to string) testkit.Reply {
	f.Helper()
	c := testkit.Into[issued](f.api.User(me.User).Post(emailPath, map[string]any{"email": to}).Want(200))
	return f.api.User(me.User).Post(emailPath+"/confirm",
		map[string]any{"challenge_id": c.ChallengeID, "code": f.mailedCode(to)})
}

func TestANewAddressIsVerifiedAndTheOldOneNotified(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	me := f.signIn("ada@example.org", newDevice(t))
	read := f.inbox.Next("ada@example.org", "").ID
	require.JSONEq(t, `{"email":"Ada@New.example"}`, string(f.changeEmail(me, "Ada@New.example").Want(200).Body))

	notice := f.inbox.Next("ada@example.org", read)
	require.Contains(t, notice.Text, "A***@New.example")
	require.NotContains(t, notice.Text, "Ada@New")
	require.Equal(t, "Ada@New.example", testkit.Into[account](f.api.User(me.User).Get(accountPath).Want(200)).Email)
	require.Equal(t, "active", f.credential(me.Session).Status)

	f.clock.Advance(time.Hour)
	require.Equal(t, me.User, f.signIn("ada@new.example", newDevice(t)).User)
	require.NotEqual(t, me.User, f.signIn("ada@example.org", newDevice(t)).User, "the old address is anybody's")
}

func TestARepeatedChangeOfAddressAnswersTheSame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	me := f.signIn("ada@example.org", newDevice(t))
	c := testkit.Into[issued](f.api.User(me.User).Post(emailPath, map[string]any{"email": "ada@new.example"}).Want(200))
	body := map[string]any{"challenge_id": c.ChallengeID, "code": f.mailedCode("ada@new.example")}
	first := f.api.User(me.User).Post(emailPath+"/confirm", body).Want(200)
	again := f.api.User(me.User).Post(emailPath+"/confirm", body).Want(200)
	require.Equal(t, first.Body, again.Body)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.email_changed'`))
	f.changeEmail(me, "ada@third.example").Want(200)
	f.api.User(me.User).Post(emailPath+"/confirm", body).Refused(400, "code_invalid")
}

func TestACodeForAChangeBelongsToItsUserAndPurpose(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.signIn("ada@example.org", newDevice(t)), f.signIn("bob@example.org", newDevice(t))
	c := testkit.Into[issued](f.api.User(ada.User).Post(emailPath, map[string]any{"email": "ada@new.example"}).Want(200))
	code := f.mailedCode("ada@new.example")
	body := map[string]any{"challenge_id": c.ChallengeID, "code": code}
	f.api.User(bob.User).Post(emailPath+"/confirm", body).Refused(400, "code_invalid")
	f.confirm(c.ChallengeID, code, newDevice(t)).Refused(400, "code_invalid")
	f.api.User(ada.User).Post(emailPath+"/confirm", map[string]any{"challenge_id": uuid.Must(uuid.NewV7()), "code": code}).
		Refused(400, "code_invalid")
	f.api.User(ada.User).Post(emailPath+"/confirm", map[string]any{"challenge_id": c.ChallengeID, "code": "nonsense!"}).
		Refused(400, "code_invalid")
	f.api.User(ada.User).Post(emailPath+"/confirm", body).Want(200)
}

func TestSuccessUsesUpCodesOfEitherPurpose(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.register("ada@example.org"), f.register("bob@example.org")
	change := func(as uuid.UUID, to string) (uuid.UUID, string) {
		c := testkit.Into[issued](f.api.User(as).Post(emailPath, map[string]any{"email": to}).Want(200))
		return c.ChallengeID, f.mailedCode(to)
	}
	c := f.sendCode("new@example.org")
	signIn := f.mailedCode("new@example.org")
	first, code := change(ada.ID, "new@example.org")
	f.api.User(ada.ID).Post(emailPath+"/confirm", map[string]any{"challenge_id": first, "code": code}).Want(200)
	f.confirm(c.ChallengeID, signIn, newDevice(t)).Refused(400, "code_invalid")

	second, code := change(bob.ID, "next@example.org")
	f.signIn("next@example.org", newDevice(t))
	f.api.User(bob.ID).Post(emailPath+"/confirm", map[string]any{"challenge_id": second, "code": code}).
		Refused(400, "code_invalid")
}

func TestATakenAddressIsAnsweredLikeAnyOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.signIn("ada@example.org", newDevice(t))
	f.register("bob@example.org")
	f.api.User(ada.User).Post(emailPath, map[string]any{"email": "Bob@example.org"}).Want(200)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'auth.email_change_code' AND status = 'suppressed'`))
	f.api.User(ada.User).Post(emailPath, map[string]any{"email": "ada@example.org"}).Refused(409, "email_unchanged")
	f.api.User(ada.User).Post(emailPath, map[string]any{"email": "nobody"}).Refused(422, "validation_failed")

	c := testkit.Into[issued](f.api.User(ada.User).Post(emailPath, map[string]any{"email": "carol@example.org"}).Want(200))
	code := f.mailedCode("carol@example.org")
	f.register("carol@example.org")
	f.api.User(ada.User).Post(emailPath+"/confirm", map[string]any{"challenge_id": c.ChallengeID, "code": code}).
		Refused(409, "email_taken")
}

func TestAnErasedAccountsFormerAddressesAreErasedFromTheMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	me := f.signIn("ada@example.org", newDevice(t))
	f.changeEmail(me, "ada@new.example").Want(200)
	require.Eventually(t, func() bool {
		return f.count(`SELECT count(*) FROM mail_deliveries WHERE status <> 'sent'`) == 0
	}, time.Minute, time.Millisecond)
	f.api.User(me.User).Delete(accountPath).Want(204)
	f.clock.Advance(7 * 24 * time.Hour)
	require.NoError(t, f.sweeper.RunOnce(t.Context(), f.clock.Now()))
	require.Zero(t, f.count(`SELECT count(*) FROM mail_recipients WHERE address ILIKE '%ada@%'`))
	require.Zero(t, f.count(`SELECT count(*) FROM former_emails`))
}

func TestASignInFromANewCountrySendsANotice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	notices := func() int {
		return f.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.new_country'`)
	}
	in := func(ip string) {
		f.clock.Advance(time.Hour)
		f.from(ip).signIn("ada@example.org", newDevice(t))
	}
	in("203.0.113.7") // DE, where the account is made
	in("203.0.113.9")
	in("10.0.0.1") // nowhere
	require.Zero(t, notices())
	in("198.51.100.7") // FR
	require.Equal(t, 1, notices())
	in("198.51.100.8")
	require.Equal(t, 1, notices(), "an active session has the country")
	notice := f.inbox.Next("ada@example.org", "")
	for notice.Subject != "New sign-in to your Galaxy account" { // codes were sent before it, and one beside it
		notice = f.inbox.Next("ada@example.org", notice.ID)
	}
	require.Contains(t, notice.Text, "FR")
}

func TestACountryInTheCountersIsNotNew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	me := f.from("203.0.113.7").signIn("ada@example.org", newDevice(t))
	f.from("198.51.100.7").api.User(me.User).Get(accountPath).Want(200)
	require.NoError(t, f.geo.Flush(t.Context()))
	require.Contains(t, string(f.admin().Get(adminUserPath(me.User)+"/country-counters").Want(200).Body),
		`"country":"FR","count":1`)
	f.clock.Advance(time.Hour)
	f.from("198.51.100.9").signIn("ada@example.org", newDevice(t))
	require.Zero(t, f.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.new_country'`))
}

func TestACountryOfARevokedSessionIsNotNew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	in := func(ip string) signedIn {
		f.clock.Advance(time.Hour)
		return f.from(ip).signIn("ada@example.org", newDevice(t))
	}
	in("203.0.113.7")
	abroad := in("198.51.100.7")
	require.Equal(t, 1, f.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.new_country'`))
	f.api.User(abroad.User).Post(sessionsPath+"/"+abroad.Session.String()+"/revoke", nil).Want(204)
	in("198.51.100.9")
	require.Equal(t, 1, f.count(`SELECT count(*) FROM mail_deliveries WHERE template_id = 'account.new_country'`))
}

// One account cannot make the product mail everybody.
func TestPastTheCapsOfAnAccountNoAddressIsMailed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.register("ada@example.org"), f.register("bob@example.org")
	suppressed := func() int {
		return f.count(`SELECT count(*) FROM mail_deliveries WHERE status = 'suppressed'`)
	}
	ask := func(as uuid.UUID, to string) {
		f.api.User(as).Post(emailPath, map[string]any{"email": to}).Want(200)
	}
	for hour := range 3 {
		for i := range 10 {
			ask(ada.ID, fmt.Sprintf("user%d@at%d.example", i, hour))
		}
		require.Zero(t, suppressed())
		if hour == 0 {
			ask(ada.ID, "eleventh@example.net")
			require.Equal(t, 1, suppressed(), "ten an hour")
			f.exec(`DELETE FROM mail_deliveries WHERE status = 'suppressed'`)
		}
		f.clock.Advance(time.Hour)
	}
	ask(ada.ID, "another@example.net")
	require.Equal(t, 1, suppressed(), "thirty a day")
	ask(bob.ID, "another@example.com")
	require.Equal(t, 1, suppressed(), "the caps are the account's own")
}

// The notice says why and until when, and nothing that only operators may read.
func TestASanctionSendsANotice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.admin().Post(adminUserPath(a.ID)+"/sanctions", map[string]any{"kind": "game_join_block",
		"reason": "three <abandoned> games", "internal_note": "ticket 12", "expires_at": noon.Add(48 * time.Hour)}).Want(201)
	m := f.inbox.Next("ada@example.org", "")
	require.Contains(t, m.Text, "three <abandoned> games")
	require.Contains(t, m.Text, "It ends by itself on")
	require.NotContains(t, string(m.Raw), "ticket 12")
}

func TestABlockedProfileCannotChangeItsAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	_, _, err := f.users.ApplySanction(t.Context(), a.ID,
		user.SanctionTerms{Kind: user.ProfileUpdateBlock, Reason: "spam"})
	require.NoError(t, err)
	f.api.User(a.ID).Post(emailPath, map[string]any{"email": "ada@new.example"}).Refused(403, "profile_update_blocked")
}
