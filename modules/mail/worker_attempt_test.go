package mail

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/smtpsink"
)

func TestARelayFaultLeavesARetriedMailRetryingAndUncharged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "450 4.2.0 later", Times: 1})
	id := f.enqueue(code("anna@example.com"))
	f.pass()
	f.worker.closeConnections()
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"})
	f.clock.Advance(backoff.Max)
	f.pass()
	require.Equal(t, []Outcome{Transient, RelayFault}, f.outcomes(id))
	require.Equal(t, Retrying, f.delivery(id).Status)
	charged, err := pg.Get[int](t.Context(), f.db, `SELECT charged FROM mail_deliveries WHERE delivery_id = $1`, id)
	require.NoError(t, err)
	require.Equal(t, 1, charged)
}

func TestADeferredMailWaitsBeforeItsNextAttempt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "450 4.2.0 later"})
	id := f.enqueue(code("anna@example.com"))
	f.pass()
	d := f.delivery(id)
	require.False(t, d.NextAttemptAt.Before(noon))
	require.LessOrEqual(t, d.NextAttemptAt.Sub(noon), backoff.Ceiling(1))
	require.Equal(t, string(Transient), *d.LastOutcome)
	require.Nil(t, d.SettledAt)
}

func TestAnInvalidAddressIsGivenUpWithItsReason(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("not an address"))
	f.pass()
	require.Equal(t, []Outcome{Invalid}, f.outcomes(id))
	require.Equal(t, []DeadLetter{{
		DeliveryID: id, Template: "auth.login_code", Attempt: 1, Reason: "the recipient is not an address",
	}}, f.dead.seen)
	require.Zero(t, f.inbox.Seen(smtpsink.Connect))
}

func TestAStoppingWorkerReturnsItsClaimToTheQueue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("anna@example.com"))
	claimed := f.claim()
	f.worker.draining.Store(true)
	_, err := f.worker.deliver(t.Context(), claimed)
	require.NoError(t, err)
	require.Equal(t, []Outcome{NotStarted}, f.outcomes(id))
	require.Equal(t, Pending, f.delivery(id).Status)
	f.pass()
	require.Equal(t, 1, f.delivery(id).Attempts, "a stopping worker claims nothing")
	f.worker.draining.Store(false)
	f.pass()
	require.Equal(t, Sent, f.delivery(id).Status)
}

func TestThePausesOfTheCircuitGrowToAMaximum(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"})
	f.enqueue(code("anna@example.com"))
	var pauses []time.Duration
	for range 8 {
		f.pass()
		pauses = append(pauses, f.worker.pausedUntil.Sub(f.clock.Now()))
		f.clock.Set(f.worker.pausedUntil)
	}
	require.Equal(t, []time.Duration{
		5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 160 * time.Second,
		5 * time.Minute, 5 * time.Minute,
	}, pauses)
}

func TestAnOutageOfTheRelayIsLoggedWhenItBeginsAndEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"})
	f.enqueue(code("anna@example.com"))
	for range 3 {
		f.pass()
		f.clock.Set(f.worker.pausedUntil)
	}
	f.inbox.Use()
	f.pass()
	began := f.logs.FilterMessage("mail relay cannot be used, all mail waits").All()
	require.Len(t, began, 1)
	require.Equal(t, "the relay could not be used: it answered 421", began[0].ContextMap()["reason"])
	require.Equal(t, 1, f.logs.FilterMessage("mail relay is back").Len())
}

func TestADeadLetterIsLoggedWithoutItsRecipient(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Reply: "550 5.1.1 anna@example.com is unknown"})
	id := f.enqueue(code("anna@example.com"))
	f.pass()
	lines := f.logs.FilterLevelExact(zap.ErrorLevel).All()
	require.Len(t, lines, 1)
	require.Equal(t, map[string]any{
		"delivery_id": id.String(), "template": "auth.login_code", "attempt": int64(1),
		"reason": "the relay refused it: 550 5.1.1",
	}, lines[0].ContextMap())
}

func TestUnusedConnectionsAreClosed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.enqueue(code("anna@example.com"))
	f.pass()
	f.clock.Advance(idleTimeout)
	f.pass()
	require.NotNil(t, f.worker.connections[0].smtp, "not yet")
	f.clock.Advance(time.Second)
	f.pass()
	require.Nil(t, f.worker.connections[0].smtp)
	f.enqueue(code("bob@example.com"))
	f.pass()
	require.Equal(t, 2, f.inbox.Seen(smtpsink.Connect))
}

func TestTheDepthOfTheOutboxNamesEveryWaitingState(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.enqueue(code("anna@example.com"))
	f.claim()
	f.enqueue(code("bob@example.com"))
	f.enqueue(code("carl@example.com"))
	depth, err := f.worker.depth(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[Status]int64{Pending: 2, Sending: 1, Retrying: 0}, depth)
}
