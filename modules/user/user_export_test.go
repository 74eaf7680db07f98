package user_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/mail"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestAnExportHoldsEverythingButTheOperatorsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.mailCode("ada@example.org")
	f.mailCode("bob@example.org")
	f.sanction(a.ID, object{"kind": "game_join_block", "reason": "three abandoned games",
		"internal_note": "ticket 12"}).Want(201)
	f.note(a.ID, "difficult").Want(201)
	f.setLimit(a.ID, "active_memberships", object{"value": 7, "reason": "tournament"}).Want(200)
	for _, reply := range []testkit.Reply{f.api.User(a.ID).Get(account + "/export").Want(200),
		f.admin().Get(userPath(a.ID, "/export")).Want(200)} {
		text := string(reply.Body)
		for _, part := range []string{"ada@example.org", "three abandoned games", `"arc":{"of":"arc"}`, `"zoo":{"of":"zoo"}`,
			`"source":"registration"`, "tournament", `"recipient":"ada@example.org","template":"auth.login_code"`} {
			require.Contains(t, text, part)
		}
		for _, part := range []string{"ticket 12", "difficult", operator, "bob@example.org"} {
			require.NotContains(t, text, part)
		}
	}
}

type exportedUser struct {
	Account      object     `json:"account"`
	DeletedAt    *time.Time `json:"deleted_at"`
	FormerEmails []string   `json:"former_emails"`
	Entitlements []struct {
		Plan string `json:"plan"`
	} `json:"entitlements"`
	Sanctions []struct {
		Kind    string     `json:"kind"`
		Removed *time.Time `json:"removed_at"`
	} `json:"sanctions"`
	Overrides []struct {
		Value int `json:"value"`
	} `json:"limit_overrides"`
	Domains struct {
		Mail struct {
			Sent []struct {
				Recipient string `json:"recipient"`
			} `json:"sent"`
		} `json:"mail"`
	} `json:"domains"`
}

// mailCode records the mail of a sign-in code.
func (f *fixture) mailCode(to string) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := f.mailer.Enqueue(ctx, tx, mail.Message{Template: "auth.login_code", To: to})
		return err
	}))
}

func (f *fixture) export(id uuid.UUID) exportedUser {
	f.Helper()
	return testkit.Into[exportedUser](f.admin().Get(userPath(id, "/export")).Want(200))
}

func TestAnExportHoldsTheHistoryAndNotOnlyWhatIsActive(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	end := noon.Add(time.Hour)
	f.grant(a.ID, object{"plan": "yearly", "reason": "x", "ends_at": end}).Want(201)
	f.sanction(a.ID, object{"kind": "login_block", "reason": "x", "expires_at": end}).Want(201)
	f.setLimit(a.ID, "active_memberships", object{"value": 7, "reason": "x", "expires_at": end}).Want(200)
	f.sweep(time.Hour)
	got := f.export(a.ID)
	require.Len(t, got.Entitlements, 3)
	require.Equal(t, []string{"free", "yearly", "free"},
		[]string{got.Entitlements[0].Plan, got.Entitlements[1].Plan, got.Entitlements[2].Plan})
	require.Len(t, got.Sanctions, 1)
	require.Equal(t, &end, got.Sanctions[0].Removed)
	require.Len(t, got.Overrides, 1)
	require.Equal(t, 7, got.Overrides[0].Value)
}

func TestAnExportListsTheMailToEveryAddressThatAUserHad(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("one@example.org")
	f.mailCode("one@example.org")
	for i, to := range []string{"two@example.org", "three@example.org"} {
		f.mailCode(to)
		f.clock.Advance(time.Duration(i+1) * time.Minute)
		_, err := f.changeEmail(a.ID, to)
		require.NoError(t, err)
	}
	got := f.export(a.ID)
	require.Equal(t, []string{"one@example.org", "two@example.org"}, got.FormerEmails, "the oldest first")
	var recipients []string
	for _, sent := range got.Domains.Mail.Sent {
		recipients = append(recipients, sent.Recipient)
	}
	require.Equal(t, []string{"one@example.org", "two@example.org", "three@example.org"}, recipients)
}

func TestOperatorsExportADeletedUserAndNothingPersonalOfAnErasedOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	f.api.User(a.ID).Delete(account).Want(204)
	got := f.export(a.ID)
	require.Equal(t, &noon, got.DeletedAt)
	require.Equal(t, "ada@example.org", got.Account["email"])
	f.sweep(grace)
	got = f.export(a.ID)
	require.Empty(t, got.Account["email"])
	require.Empty(t, got.FormerEmails)
	require.Equal(t, a.UserName, got.Account["user_name"], "the name stays taken")
}

// Half an export would pass for a whole one.
func TestAnExportThatMissesADomainFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.register("ada@example.org")
	for name, fail := range map[string]func(error){
		"a domain": func(err error) { f.hooks.err = err }, "mail": f.mailer.FailWith,
	} {
		fail(errors.New("no"))
		f.api.User(a.ID).Get(account+"/export").Refused(500, "internal_error")
		f.admin().Get(userPath(a.ID, "/export")).Refused(500, "internal_error")
		fail(nil)
		require.NotEmpty(t, f.export(a.ID).Account, name)
	}
	f.hooks.err = errors.New("no")
	f.api.User(a.ID).Get(account+"/entitlements").Refused(500, "internal_error")
	f.admin().Get(userPath(a.ID, "/limits")).Refused(500, "internal_error")
}
