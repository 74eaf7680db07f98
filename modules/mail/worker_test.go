package mail

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

func TestAMailArrivesOnceAndItsSecretIsScrubbed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("anna@example.com"))
	f.pass()
	m := f.inbox.Next("anna@example.com", "")
	require.Equal(t, "Your Galaxy sign-in code", m.Subject)
	require.Contains(t, m.Text, "K7QM-3XZP")
	require.Equal(t, "<"+id.String()+"@galaxy.example>", "<"+strings.Trim(m.MessageID, "<>")+">")
	require.Contains(t, string(m.Raw), "Auto-Submitted: auto-generated")

	d := f.delivery(id)
	require.Equal(t, Sent, d.Status)
	require.True(t, d.Scrubbed)
	require.Empty(t, f.bodies(id))
	require.Equal(t, []Outcome{Delivered}, f.outcomes(id))
	f.pass()
	require.Len(t, f.inbox.All(), 1)
}

// TestTheAnswerOfTheRelayDecidesTheOutcome is the classification table: what one scripted
// fault makes of a delivery, and how many copies were accepted.
func TestTheAnswerOfTheRelayDecidesTheOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule    smtpsink.Rule
		status  Status
		outcome Outcome
		copies  int
	}{
		"greylisted recipient":        {smtpsink.Rule{At: smtpsink.Rcpt, Reply: "450 4.2.0 later"}, Retrying, Transient, 0},
		"busy sender":                 {smtpsink.Rule{At: smtpsink.Mail, Reply: "451 4.3.0 later"}, Retrying, Transient, 0},
		"full at the end":             {smtpsink.Rule{At: smtpsink.End, Reply: "452 4.2.2 full"}, Retrying, Transient, 0},
		"refused sender":              {smtpsink.Rule{At: smtpsink.Mail, Reply: "550 5.7.1 sender refused"}, Pending, RelayFault, 0},
		"unknown recipient":           {smtpsink.Rule{At: smtpsink.Rcpt, Reply: "550 5.1.1 no such user"}, DeadLettered, Rejected, 0},
		"refused content":             {smtpsink.Rule{At: smtpsink.End, Reply: "554 5.7.1 spam"}, DeadLettered, Rejected, 0},
		"reset in mid conversation":   {smtpsink.Rule{At: smtpsink.Rcpt, Then: smtpsink.Reset}, Retrying, Transient, 0},
		"accepted, the answer lost":   {smtpsink.Rule{At: smtpsink.End, Then: smtpsink.Reset, Keep: true}, Retrying, Unknown, 1},
		"accepted, then RSET fails":   {smtpsink.Rule{At: smtpsink.Rset, Then: smtpsink.Reset}, Sent, Delivered, 1},
		"greeting refuses":            {smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"}, Pending, RelayFault, 0},
		"connection dropped at hello": {smtpsink.Rule{At: smtpsink.Ehlo, Then: smtpsink.Reset}, Pending, RelayFault, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.inbox.Use(c.rule)
			id := f.enqueue(code("anna@example.com"))
			f.pass()
			require.Equal(t, c.status, f.delivery(id).Status)
			require.Equal(t, []Outcome{c.outcome}, f.outcomes(id))
			require.Len(t, f.inbox.All(), c.copies)
			if c.status == DeadLettered {
				require.Equal(t, []DeadLetter{{DeliveryID: id, Template: "auth.login_code", Attempt: 1, Reason: f.dead.seen[0].Reason}}, f.dead.seen)
				require.Empty(t, f.bodies(id), "the secret of a dead letter is scrubbed")
			}
		})
	}
}

func TestARetryCarriesTheSameMessageID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.End, Then: smtpsink.Reset, Keep: true, Times: 1})
	id := f.enqueue(code("anna@example.com"))
	f.pass()
	f.clock.Advance(time.Hour)
	f.pass()
	mails := f.inbox.All()
	require.Len(t, mails, 2)
	require.Equal(t, mails[0].MessageID, mails[1].MessageID)
	require.Equal(t, []Outcome{Unknown, Delivered}, f.outcomes(id))
}

func TestAttemptsRunOutIntoADeadLetter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "450 4.2.0 later"})
	id := f.enqueue(code("anna@example.com"))
	for range 5 {
		f.pass()
		f.clock.Advance(2 * time.Hour)
	}
	require.Equal(t, DeadLettered, f.delivery(id).Status)
	require.Equal(t, []Outcome{Transient, Transient, Transient}, f.outcomes(id))
	require.Len(t, f.dead.seen, 1)
}

func TestAnOutageOfTheRelayChargesNoMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"})
	var ids []uuid.UUID
	for i := range 20 {
		ids = append(ids, f.enqueue(code(fmt.Sprintf("user%d@example.com", i))))
	}
	for range 180 { // half an hour of passes
		f.pass()
		f.clock.Advance(10 * time.Second)
	}
	require.Less(t, f.inbox.Seen(smtpsink.Connect), 40, "the circuit keeps the worker from hammering")
	f.inbox.Use()
	f.clock.Advance(5 * time.Minute)
	f.pass() // one mail finds out that the relay is back
	f.pass()
	for _, id := range ids {
		require.Equal(t, Sent, f.delivery(id).Status)
	}
	require.Empty(t, f.dead.seen)
	require.Len(t, f.inbox.All(), len(ids))
}

func TestAnInvalidDeliveryDoesNotBlockTheOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	poisoned := f.enqueue(code("not an address"))
	good := f.enqueue(code("anna@example.com"))
	f.pass()
	require.Equal(t, DeadLettered, f.delivery(poisoned).Status)
	require.Equal(t, Sent, f.delivery(good).Status)
}

func TestAnExpiredMailIsNotSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := code("anna@example.com")
	m.NotAfter = noon.Add(time.Minute)
	id := f.enqueue(m)
	f.clock.Advance(time.Minute)
	f.pass()
	require.Equal(t, Expired, f.delivery(id).Status)
	require.Empty(t, f.bodies(id))
	require.Empty(t, f.inbox.All())
}

func TestASuppressedMailIsRecordedAndNeverSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	m := code("anna@example.com")
	m.Suppressed = true
	id := f.enqueue(m)
	f.pass()
	require.Equal(t, Suppressed, f.delivery(id).Status)
	require.NotContains(t, f.bodies(id), "K7QM")
	require.Empty(t, f.inbox.All())
}

func TestAMailClaimedByADeadWorkerIsSentByTheNext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("anna@example.com"))
	claimed, err := f.worker.store.claim(t.Context(), f.db, noon, 1, -time.Second) // a worker that dies at once
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	f.pass()
	require.Equal(t, []Outcome{Unknown, Delivered}, f.outcomes(id))

	late := result{claimedDelivery: claimed[0], outcome: Transient, status: Retrying, charge: true}
	require.NoError(t, f.worker.settle(t.Context(), []result{late}, noon))
	require.Equal(t, Sent, f.delivery(id).Status, "the late report changes nothing")
}

func TestADeliveryThatCrashesItsWorkersIsDeadLettered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("anna@example.com"))
	for range 3 {
		_, err := f.worker.store.claim(t.Context(), f.db, noon, 1, -time.Second)
		require.NoError(t, err)
	}
	f.pass()
	require.Equal(t, DeadLettered, f.delivery(id).Status)
	require.Empty(t, f.inbox.All())
}

func TestOneConnectionCarriesManyMails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 100 {
		f.enqueue(code(fmt.Sprintf("user%d@example.com", i)))
	}
	f.pass()
	f.pass()
	require.Len(t, f.inbox.All(), 100)
	require.LessOrEqual(t, f.inbox.Seen(smtpsink.Connect), senders, "SMTP dials per 100 mails")
}

func TestAKeptConnectionThatTheRelayClosedIsReplaced(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.enqueue(code("anna@example.com"))
	f.pass()
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Mail, Then: smtpsink.Hangup, Times: 1})
	second := f.enqueue(code("anna@example.com"))
	f.pass()
	require.Equal(t, Sent, f.delivery(first).Status)
	require.Equal(t, Sent, f.delivery(second).Status)
	require.Len(t, f.inbox.All(), 2)
}

func TestStartTLSIsMandatoryWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	f := newFixtureWith(t, testkit.SMTP(t), SMTPConfig{TLSMode: TLSStartTLS, Username: "u", Password: secret.New("f")})
	id := f.enqueue(code("anna@example.com"))
	f.pass()
	require.Equal(t, []Outcome{RelayFault}, f.outcomes(id))
	require.Zero(t, f.inbox.Seen(smtpsink.Mail), "nothing goes out in the clear")
}

func TestTheWorkerIsWokenByTheCommitAndStopsInOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NoError(t, f.worker.Start(t.Context()))
	f.enqueue(code("anna@example.com"))
	f.inbox.Next("anna@example.com", "") // the fake clock never moves: only the commit can wake
	require.NoError(t, f.worker.Stop(t.Context()))
	id := f.enqueue(code("late@example.com"))
	require.Equal(t, Pending, f.delivery(id).Status)
	require.NoError(t, f.worker.Start(t.Context()))
	f.inbox.Next("late@example.com", "")
	require.NoError(t, f.worker.Stop(t.Context()))
}

func TestSettlingFiftyMailsIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range batchSize {
		f.enqueue(code(fmt.Sprintf("user%d@example.com", i)))
	}
	claimed, err := f.worker.store.claim(t.Context(), f.db, noon, batchSize, lease)
	require.NoError(t, err)
	results := make([]result, len(claimed))
	for i, c := range claimed {
		results[i] = result{claimedDelivery: c, outcome: Delivered, status: Sent, charge: true, scrub: true}
	}
	before := f.db.Traffic()
	require.NoError(t, f.worker.settle(t.Context(), results, noon))
	require.EqualValues(t, 1, f.db.Traffic().RoundTrips-before.RoundTrips)
	n, err := pg.Get[int](t.Context(), f.db, `SELECT count(*) FROM mail_deliveries WHERE status = 'sent'`)
	require.NoError(t, err)
	require.Equal(t, batchSize, n)
}

func TestEnqueueWithoutAKeyCostsNoRoundTripOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.db.Traffic()
	f.enqueue(code("anna@example.com"))
	require.EqualValues(t, 1, f.db.Traffic().RoundTrips-before.RoundTrips)
}
