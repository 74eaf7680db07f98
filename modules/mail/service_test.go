package mail

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/smtpsink"
)

func invite(key string) Message {
	return Message{Template: "lobby.invite.received", Key: key, To: "bob@example.com", Data: map[string]any{
		"game_name": "First\r\nBcc: all@example.com", "inviter_name": "player-1", "expires_at": noon.Format(time.RFC3339),
	}}
}

func TestTheSameTemplateAndKeyIsOneDelivery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.enqueue(invite("route-1"))
	require.Equal(t, first, f.enqueue(invite("route-1")))
	require.NotEqual(t, first, f.enqueue(invite("route-2")))
	f.pass()
	require.Len(t, f.inbox.All(), 2)
}

func TestUserTextCannotAddHeadersOrRecipients(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.enqueue(invite("route-1"))
	f.pass()
	m := f.inbox.Next("bob@example.com", "")
	require.Equal(t, []string{"bob@example.com"}, m.To)
	head, _, _ := strings.Cut(string(m.Raw), "\r\n\r\n")
	require.NotContains(t, head, "\nBcc:")
	require.Equal(t, 1, strings.Count(head, "\nSubject:"))
}

func TestAMailExistsOnlyIfItsTransactionDoes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_ = f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := f.service.Enqueue(ctx, tx, code("anna@example.com"))
		require.NoError(t, err)
		return errors.New("the challenge was not written")
	})
	f.pass()
	require.Empty(t, f.inbox.All())
}

func TestEveryTemplateRendersWithItsDocumentedData(t *testing.T) {
	t.Parallel()
	r, err := newRenderer()
	require.NoError(t, err)
	at := noon.Format(time.RFC3339Nano)
	full := map[string]any{
		"code": "K7QM-3XZP", "ttl_minutes": 10, "country": "SE", "at": noon, "new_email_masked": "a***@example.com", "sanction": "login_block",
		"reason": "spam", "expires_at": at, "game_id": uuid.New(), "game_name": "First light", "inviter_user_id": uuid.New(), "inviter_name": "player-1",
		"race_name": "Zorg", "turn": 3, "next_turn_at": at, "eliminated": []string{"Vogons", "Zerg"}, "winners": []string{"Zorg"}, "deadline": at,
		"image_ref": "galaxy-engine:0.1.0", "exit_code": 137, "oom": true, "container": "x", "engine_turn": 4, "delivery_id": uuid.New(),
		"template": "game.started", "subject": "Maintenance", "text": "Tonight.",
	}
	optional := map[string][]string{"account.sanction.applied": {"expires_at"}, "game.turn.ready": {"eliminated", "next_turn_at"}, "game.started": {"race_name"},
		"game.finished": {"winners"}, "game.resumed": {"next_turn_at"}, "game.cancelled": {"reason"}, "lobby.membership.removed": {"reason"}, "lobby.application.rejected": {"reason"}}
	require.Len(t, r.templates, 30)
	for id := range r.templates {
		c, err := r.render(id, full)
		require.NoError(t, err, id)
		require.NotContains(t, c.subject+c.text, "{{", id)
		require.Contains(t, c.html, "<p", id)
		bare := map[string]any{}
		for k, v := range full {
			bare[k] = v
		}
		for _, k := range optional[id] {
			delete(bare, k)
		}
		_, err = r.render(id, bare)
		require.NoError(t, err, id)
	}
}

func TestAMissingTemplateValueIsAnError(t *testing.T) {
	t.Parallel()
	r, err := newRenderer()
	require.NoError(t, err)
	_, err = r.render("auth.login_code", map[string]any{"ttl_minutes": 10})
	require.ErrorContains(t, err, "lacks a value")
	_, err = r.render("no.such.template", nil)
	require.ErrorContains(t, err, "no mail template")
}

func TestUserTextIsNeverTakenForAMissingValue(t *testing.T) {
	t.Parallel()
	r, err := newRenderer()
	require.NoError(t, err)
	c, err := r.render("game.turn.ready", map[string]any{"game_name": "<no value>\u202e{{.turn}}", "turn": 3, "eliminated": []any{"<no value>", "A\nB"}})
	require.NoError(t, err)
	require.Equal(t, "(no value){{.turn}}: turn 3 is ready", c.subject)
	require.Contains(t, c.text, "Eliminated: (no value), A B.")
	_, err = r.render("game.turn.ready", map[string]any{"game_name": nil, "turn": 3})
	require.ErrorContains(t, err, "lacks a value")
}

func TestTheHTMLBodyEscapesUserText(t *testing.T) {
	t.Parallel()
	r, err := newRenderer()
	require.NoError(t, err)
	c, err := r.render("game.cancelled", map[string]any{"game_name": "<script>alert(1)</script>", "reason": ""})
	require.NoError(t, err)
	require.NotContains(t, c.html, "<script>")
	require.Contains(t, c.text, "<script>")
}

func TestADeadLetterCanBeSentAgainAndItsLogGoesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "550 5.1.1 no such user", Times: 1})
	id := f.enqueue(invite("route-1"))
	f.pass()
	require.Equal(t, DeadLettered, f.delivery(id).Status)
	d, err := f.service.Resend(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, Pending, d.Status)
	f.pass()
	require.Equal(t, []Outcome{Rejected, Delivered}, f.outcomes(id))
	require.Len(t, f.audit.Entries(), 1)
	require.Equal(t, "mail.resend", f.audit.Entries()[0].Action)
}

func TestResendRefusesWhatCannotBeSentAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	sent := f.enqueue(invite("route-1"))
	f.pass()
	_, err := f.service.Resend(t.Context(), sent)
	require.ErrorIs(t, err, ErrAlreadySent)

	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "550 5.1.1 no such user"})
	scrubbed := f.enqueue(code("anna@example.com"))
	f.pass()
	_, err = f.service.Resend(t.Context(), scrubbed)
	require.ErrorIs(t, err, ErrScrubbed)

	m := code("anna@example.com")
	m.Suppressed = true
	_, err = f.service.Resend(t.Context(), f.enqueue(m))
	require.ErrorIs(t, err, ErrNotResendable)
	_, err = f.service.Resend(t.Context(), uuid.New())
	require.ErrorIs(t, err, ErrNotFound)
}

func TestErasingAnAddressCancelsAndScrubsItsMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	waiting := f.enqueue(code("Anna@Example.com"))
	other := f.enqueue(code("bob@example.com"))
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return f.service.EraseAddress(ctx, tx, "anna@example.com")
	}))
	require.Equal(t, Cancelled, f.delivery(waiting).Status)
	require.NotContains(t, f.delivery(waiting).Recipient, "@")
	require.Empty(t, f.bodies(waiting))
	require.Equal(t, Pending, f.delivery(other).Status)
}

func TestDeliveriesAreListedByFilterAndCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.enqueue(code("anna@example.com"))
	f.pass()
	second := f.enqueue(invite("route-1"))
	all, counts, err := f.service.Deliveries(t.Context(), Filter{Limit: 10})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{second, first}, []uuid.UUID{all[0].ID, all[1].ID})
	require.Equal(t, 1, counts[Sent])
	require.Equal(t, 1, counts[Pending])
	require.Equal(t, 0, counts[DeadLettered])
	for want, filter := range map[uuid.UUID]Filter{
		first:  {Status: Sent, Limit: 10},
		second: {Recipient: "BOB@example.com", Limit: 10},
	} {
		got, _, err := f.service.Deliveries(t.Context(), filter)
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, want, got[0].ID)
	}
	older, _, err := f.service.Deliveries(t.Context(), Filter{Before: second, Limit: 10})
	require.NoError(t, err)
	require.Len(t, older, 1)
}

func TestConfigNamesEveryProblem(t *testing.T) {
	t.Parallel()
	good := SMTPConfig{Host: "h", Port: 25, From: "a@b.example", TLSMode: TLSNone}
	require.NoError(t, good.Validate())
	bad := SMTPConfig{Port: 0, From: "x", TLSMode: "maybe", Password: secret.New("hunter2")}
	err := bad.Validate()
	for _, name := range []string{"HOST", "PORT", "FROM", "TLS_MODE", "USERNAME"} {
		require.ErrorContains(t, err, "BACKEND_SMTP_"+name)
	}
	require.NotContains(t, err.Error(), "hunter2")
	clear := good
	clear.Username = "u"
	require.ErrorContains(t, clear.Validate(), "needs TLS")
	require.Error(t, Config{}.Validate())
	require.NoError(t, Config{WorkerInterval: 1, MaxAttempts: 1}.Validate())
}

func TestMailToAnAddressIsListedWithoutItsContent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("Ada@example.org"))
	f.enqueue(code("bob@example.org"))
	f.pass()
	require.Equal(t, []Outcome{Delivered}, f.outcomes(id))
	sent, err := f.service.SentTo(t.Context(), f.db, "ada@example.org", 10)
	require.NoError(t, err)
	want := Summary{Recipient: "Ada@example.org", Template: "auth.login_code", Status: Sent, CreatedAt: noon}
	require.Equal(t, []Summary{want}, sent)
}

func TestNoMailIsListedForAnErasedAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.enqueue(code("bob@example.org"))
	sent, err := f.service.SentTo(t.Context(), f.db, "", 10)
	require.NoError(t, err)
	require.Empty(t, sent)
}
