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
	p := newPost(t)
	id := p.enqueue(code("anna@example.com"))
	p.pass()
	m := p.inbox.Next("anna@example.com", "")
	require.Equal(t, "Your Galaxy sign-in code", m.Subject)
	require.Contains(t, m.Text, "K7QM-3XZP")
	require.Equal(t, "<"+id.String()+"@galaxy.example>", "<"+strings.Trim(m.MessageID, "<>")+">")
	require.Contains(t, string(m.Raw), "Auto-Submitted: auto-generated")

	d := p.delivery(id)
	require.Equal(t, Sent, d.Status)
	require.True(t, d.Scrubbed)
	require.Empty(t, p.bodies(id))
	require.Equal(t, []Outcome{Delivered}, p.outcomes(id))
	p.pass()
	require.Len(t, p.inbox.All(), 1)
}

// TestWhatTheRelaySaysDecides is the classification table: what one scripted
// fault makes of a delivery, and how many copies were accepted.
func TestWhatTheRelaySaysDecides(t *testing.T) {
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
			p := newPost(t)
			p.inbox.Use(c.rule)
			id := p.enqueue(code("anna@example.com"))
			p.pass()
			require.Equal(t, c.status, p.delivery(id).Status)
			require.Equal(t, []Outcome{c.outcome}, p.outcomes(id))
			require.Len(t, p.inbox.All(), c.copies)
			if c.status == DeadLettered {
				require.Equal(t, []DeadLetter{{DeliveryID: id, Template: "auth.login_code", Attempt: 1, Reason: p.dead.seen[0].Reason}}, p.dead.seen)
				require.Empty(t, p.bodies(id), "the secret of a dead letter is scrubbed")
			}
		})
	}
}

func TestARetryCarriesTheSameMessageID(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.inbox.Use(smtpsink.Rule{At: smtpsink.End, Then: smtpsink.Reset, Keep: true, Times: 1})
	id := p.enqueue(code("anna@example.com"))
	p.pass()
	p.clock.Advance(time.Hour)
	p.pass()
	mails := p.inbox.All()
	require.Len(t, mails, 2)
	require.Equal(t, mails[0].MessageID, mails[1].MessageID)
	require.Equal(t, []Outcome{Unknown, Delivered}, p.outcomes(id))
}

func TestAttemptsRunOutIntoADeadLetter(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "450 4.2.0 later"})
	id := p.enqueue(code("anna@example.com"))
	for range 5 {
		p.pass()
		p.clock.Advance(2 * time.Hour)
	}
	require.Equal(t, DeadLettered, p.delivery(id).Status)
	require.Equal(t, []Outcome{Transient, Transient, Transient}, p.outcomes(id))
	require.Len(t, p.dead.seen, 1)
}

func TestAnOutageOfTheRelayChargesNoMail(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"})
	var ids []uuid.UUID
	for i := range 20 {
		ids = append(ids, p.enqueue(code(fmt.Sprintf("user%d@example.com", i))))
	}
	for range 180 { // half an hour of passes
		p.pass()
		p.clock.Advance(10 * time.Second)
	}
	require.Less(t, p.inbox.Seen(smtpsink.Connect), 40, "the circuit keeps the worker from hammering")
	p.inbox.Use()
	p.clock.Advance(5 * time.Minute)
	p.pass() // one mail finds out that the relay is back
	p.pass()
	for _, id := range ids {
		require.Equal(t, Sent, p.delivery(id).Status)
	}
	require.Empty(t, p.dead.seen)
	require.Len(t, p.inbox.All(), len(ids))
}

func TestAPoisonedDeliveryDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	poisoned := p.enqueue(code("not an address"))
	good := p.enqueue(code("anna@example.com"))
	p.pass()
	require.Equal(t, DeadLettered, p.delivery(poisoned).Status)
	require.Equal(t, Sent, p.delivery(good).Status)
}

func TestAMailWhoseTimeHasPassedIsNotSent(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := code("anna@example.com")
	m.NotAfter = noon.Add(time.Minute)
	id := p.enqueue(m)
	p.clock.Advance(time.Minute)
	p.pass()
	require.Equal(t, Expired, p.delivery(id).Status)
	require.Empty(t, p.bodies(id))
	require.Empty(t, p.inbox.All())
}

func TestASuppressedMailIsRecordedAndNeverSent(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	m := code("anna@example.com")
	m.Suppressed = true
	id := p.enqueue(m)
	p.pass()
	require.Equal(t, Suppressed, p.delivery(id).Status)
	require.NotContains(t, p.bodies(id), "K7QM")
	require.Empty(t, p.inbox.All())
}

func TestADeadWorkersMailIsSentByTheNext(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.enqueue(code("anna@example.com"))
	claimed, err := p.worker.store.claim(t.Context(), p.db, noon, 1, -time.Second) // a worker that dies at once
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	p.pass()
	require.Equal(t, []Outcome{Unknown, Delivered}, p.outcomes(id))

	late := result{parcel: claimed[0], outcome: Transient, status: Retrying, charge: true}
	require.NoError(t, p.worker.settle(t.Context(), []result{late}, noon))
	require.Equal(t, Sent, p.delivery(id).Status, "the late report changes nothing")
}

func TestADeliveryThatKillsItsWorkersIsFinite(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.enqueue(code("anna@example.com"))
	for range 3 {
		_, err := p.worker.store.claim(t.Context(), p.db, noon, 1, -time.Second)
		require.NoError(t, err)
	}
	p.pass()
	require.Equal(t, DeadLettered, p.delivery(id).Status)
	require.Empty(t, p.inbox.All())
}

func TestOneConnectionCarriesManyMails(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	for i := range 100 {
		p.enqueue(code(fmt.Sprintf("user%d@example.com", i)))
	}
	p.pass()
	p.pass()
	require.Len(t, p.inbox.All(), 100)
	require.LessOrEqual(t, p.inbox.Seen(smtpsink.Connect), senders, "SMTP dials per 100 mails")
}

func TestAKeptConnectionThatTheRelayClosedIsReplaced(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	first := p.enqueue(code("anna@example.com"))
	p.pass()
	p.inbox.Use(smtpsink.Rule{At: smtpsink.Mail, Then: smtpsink.Hangup, Times: 1})
	second := p.enqueue(code("anna@example.com"))
	p.pass()
	require.Equal(t, Sent, p.delivery(first).Status)
	require.Equal(t, Sent, p.delivery(second).Status)
	require.Len(t, p.inbox.All(), 2)
}

func TestStartTLSIsMandatoryWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	p := newPostWith(t, testkit.SMTP(t), SMTPConfig{TLSMode: TLSStartTLS, Username: "u", Password: secret.New("p")})
	id := p.enqueue(code("anna@example.com"))
	p.pass()
	require.Equal(t, []Outcome{RelayFault}, p.outcomes(id))
	require.Zero(t, p.inbox.Seen(smtpsink.Mail), "nothing goes out in the clear")
}

func TestTheWorkerIsWokenByTheCommitAndStopsInOrder(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	require.NoError(t, p.worker.Start(t.Context()))
	p.enqueue(code("anna@example.com"))
	p.inbox.Next("anna@example.com", "") // the fake clock never moves: only the commit can wake
	require.NoError(t, p.worker.Stop(t.Context()))
	id := p.enqueue(code("late@example.com"))
	require.Equal(t, Pending, p.delivery(id).Status)
	require.NoError(t, p.worker.Start(t.Context()))
	p.inbox.Next("late@example.com", "")
	require.NoError(t, p.worker.Stop(t.Context()))
}

func TestSettlingFiftyMailsIsOneRoundTrip(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	for i := range batch {
		p.enqueue(code(fmt.Sprintf("user%d@example.com", i)))
	}
	claimed, err := p.worker.store.claim(t.Context(), p.db, noon, batch, lease)
	require.NoError(t, err)
	results := make([]result, len(claimed))
	for i, c := range claimed {
		results[i] = result{parcel: c, outcome: Delivered, status: Sent, charge: true, scrub: true}
	}
	before := p.db.Traffic()
	require.NoError(t, p.worker.settle(t.Context(), results, noon))
	require.EqualValues(t, 1, p.db.Traffic().RoundTrips-before.RoundTrips)
	n, err := pg.Get[int](t.Context(), p.db, `SELECT count(*) FROM mail_deliveries WHERE status = 'sent'`)
	require.NoError(t, err)
	require.Equal(t, batch, n)
}

func TestEnqueueWithoutAKeyCostsNoRoundTripOfItsOwn(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	before := p.db.Traffic()
	p.enqueue(code("anna@example.com"))
	require.EqualValues(t, 1, p.db.Traffic().RoundTrips-before.RoundTrips)
}
