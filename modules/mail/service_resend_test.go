package mail

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/smtpsink"
)

func (f *fixture) count(statement string, args ...any) int {
	f.Helper()
	n, err := pg.Get[int](f.Context(), f.db, statement, args...)
	require.NoError(f, err)
	return n
}

func TestAResendOfAMailUnderWayLeavesItsAttemptAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(invite("route-1"))
	claimed := f.claim()
	d, err := f.service.Resend(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, Sending, d.Status)
	require.Equal(t, []string{"mail.resend"}, f.audit.Actions())
	_, err = f.worker.deliver(t.Context(), claimed)
	require.NoError(t, err)
	require.Equal(t, []Outcome{Delivered}, f.outcomes(id), "the attempt under way is the resend")
}

func TestAResendGrantsAllAttemptsAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "450 4.2.0 later"})
	id := f.enqueue(invite("route-1"))
	exhaust := func() {
		for range f.worker.maxAttempts + 1 {
			f.pass()
			f.clock.Advance(backoff.Max)
		}
		require.Equal(t, DeadLettered, f.delivery(id).Status)
	}
	exhaust()
	_, err := f.service.Resend(t.Context(), id)
	require.NoError(t, err)
	require.Zero(t, f.count(`SELECT count(*) FROM mail_dead_letters`))
	exhaust()
	require.Len(t, f.outcomes(id), 2*f.worker.maxAttempts)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM mail_dead_letters WHERE attempt_no = 6`))
	require.Len(t, f.dead.seen, 2)
}

func TestAResendThatCannotBeAuditedChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "550 5.1.1 no such user"})
	id := f.enqueue(invite("route-1"))
	f.pass()
	cause := errors.New("the audit log is full")
	f.audit.Fail(cause)
	_, err := f.service.Resend(t.Context(), id)
	require.ErrorIs(t, err, cause)
	require.Equal(t, DeadLettered, f.delivery(id).Status)
	require.Equal(t, 1, f.count(`SELECT count(*) FROM mail_dead_letters`))
}

func TestAResendWakesTheWorker(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "450 4.2.0 later", Times: 1})
	id := f.enqueue(invite("route-1"))
	f.pass()
	require.NoError(t, f.worker.Start(t.Context()))
	f.clock.BlockUntil(1)
	_, err := f.service.Resend(t.Context(), id)
	require.NoError(t, err)
	f.inbox.Next("bob@example.com", "") // the fake clock never moves
	require.NoError(t, f.worker.Stop(t.Context()))
}

func TestWhatIsNotADeliveryIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.service.Delivery(t.Context(), uuid.New())
	require.ErrorIs(t, err, ErrNotFound)
	_, err = f.service.Attempts(t.Context(), uuid.New())
	require.ErrorIs(t, err, ErrNotFound)
}

func TestAMailThatCannotBeRenderedIsNotEnqueued(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for want, m := range map[string]Message{
		"no mail template": {Template: "no.such.template", To: "anna@example.com"},
		"lacks a value":    {Template: "auth.login_code", To: "anna@example.com"},
		"not a time": {Template: "account.new_country", To: "anna@example.com",
			Data: map[string]any{"country": "SE", "at": "soon"}},
	} {
		id, err := f.tryEnqueue(m)
		require.ErrorContains(t, err, want)
		require.Equal(t, uuid.Nil, id)
	}
	require.Zero(t, f.count(`SELECT count(*) FROM mail_deliveries`))
}

func TestOnlyASuppressedSecretLosesItsContentAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	plain, hidden := invite("route-1"), code("anna@example.com")
	plain.Suppressed, hidden.Suppressed = true, true
	require.Contains(t, f.bodies(f.enqueue(plain)), "player-1")
	require.Empty(t, f.bodies(f.enqueue(hidden)))
	f.pass()
	require.Zero(t, f.inbox.Seen(smtpsink.Connect))
}

func TestATimeIsWrittenForPeople(t *testing.T) {
	t.Parallel()
	at := noon.In(time.FixedZone("CET", 3600))
	for name, v := range map[string]any{
		"a time": at, "a pointer": &at, "RFC 3339": "2026-03-01T13:00:00+01:00", "with a fraction": "2026-03-01T12:00:00.5Z",
	} {
		text, err := date(v)
		require.NoError(t, err, name)
		require.Equal(t, "Sun 1 March 2026, 12:00 UTC", text, name)
	}
	var none *time.Time
	for name, v := range map[string]any{"a nil pointer": none, "a number": 7, "text": "soon", "nothing": nil} {
		_, err := date(v)
		require.ErrorIs(t, err, errNoTime, name)
	}
}
