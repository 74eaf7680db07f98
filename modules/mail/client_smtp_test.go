package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

// TestAFaultOfTheRelayIsNamedChargesNothingAndSendsNothing covers what can be
// wrong with the relay itself.
func TestAFaultOfTheRelayIsNamedChargesNothingAndSendsNothing(t *testing.T) {
	t.Parallel()
	cert, _, err := smtpsink.SelfSigned()
	require.NoError(t, err)
	login := SMTPConfig{Username: "galaxy", Password: secret.New("hunter2"), TLSMode: TLSStartTLS}
	for name, c := range map[string]struct {
		sink  smtpsink.Config
		smtp  SMTPConfig
		rules []smtpsink.Rule
		want  string
	}{
		"the greeting refuses":        {smtp: SMTPConfig{TLSMode: TLSNone}, rules: []smtpsink.Rule{{At: smtpsink.Connect, Reply: "421 4.3.2 closing"}}, want: "it answered 421"},
		"it hangs up at the greeting": {smtp: SMTPConfig{TLSMode: TLSNone}, rules: []smtpsink.Rule{{At: smtpsink.Connect, Then: smtpsink.Hangup}}, want: "it closed the connection"},
		"STARTTLS is not offered":     {smtp: login, want: "it does not offer the TLS"},
		"STARTTLS is refused":         {sink: smtpsink.Config{TLS: cert}, smtp: login, rules: []smtpsink.Rule{{At: smtpsink.StartTLS, Reply: "454 4.7.0 not now"}}, want: "it answered 454"},
		"an untrusted certificate":    {sink: smtpsink.Config{TLS: cert}, smtp: login, want: "its certificate is not trusted"},
		"TLS to a plain port":         {smtp: SMTPConfig{TLSMode: TLSImplicit}, want: "it does not speak TLS"},
		"it requires a user name":     {sink: smtpsink.Config{Users: map[string]string{"galaxy": "hunter2"}}, smtp: SMTPConfig{TLSMode: TLSNone}, want: "requires other authentication: 530"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixtureWith(t, testkit.SMTPWith(t, c.sink), c.smtp)
			f.inbox.Use(c.rules...)
			id := f.enqueue(code("anna@example.com"))
			f.pass()
			attempts, err := f.service.Attempts(t.Context(), id)
			require.NoError(t, err)
			require.Len(t, attempts, 1)
			require.Equal(t, RelayFault, *attempts[0].Outcome)
			require.Contains(t, *attempts[0].Detail, c.want)
			require.NotContains(t, *attempts[0].Detail, "hunter2")
			require.Equal(t, Pending, f.delivery(id).Status)
			require.True(t, f.worker.circuitOpen.Load())
			require.Zero(t, f.inbox.Seen(smtpsink.Data))
		})
	}
}

// trust makes the worker accept a certificate.
func (f *fixture) trust(certPEM []byte) {
	f.Helper()
	roots := x509.NewCertPool()
	require.True(f, roots.AppendCertsFromPEM(certPEM))
	trusting := &tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}
	require.NoError(f, f.worker.relay.client.SetTLSConfig(trusting))
}

func TestMailIsSentOverTLSWithAPassword(t *testing.T) {
	t.Parallel()
	cert, trusted, err := smtpsink.SelfSigned()
	require.NoError(t, err)
	for mode, implicit := range map[TLSMode]bool{TLSStartTLS: false, TLSImplicit: true} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			users := map[string]string{"galaxy": "hunter2"}
			inbox := testkit.SMTPWith(t, smtpsink.Config{TLS: cert, Implicit: implicit, Users: users})
			f := newFixtureWith(t, inbox, SMTPConfig{Username: "galaxy", Password: secret.New("hunter2"), TLSMode: mode})
			f.trust(trusted)
			id := f.enqueue(code("anna@example.com"))
			f.pass()
			require.Equal(t, []Outcome{Delivered}, f.outcomes(id))
		})
	}
}

func TestARelayNeedsAnAddressToSendFrom(t *testing.T) {
	t.Parallel()
	_, err := newRelay(SMTPConfig{Host: "relay.example", Port: 25, From: "nobody", TLSMode: TLSNone})
	require.ErrorContains(t, err, "BACKEND_SMTP_FROM")
	_, err = newRelay(SMTPConfig{Port: 25, From: "a@b.example", TLSMode: TLSNone})
	require.ErrorContains(t, err, "configure the relay")
}

func TestAWrongPasswordIsTheRelaysFaultAndIsNotShown(t *testing.T) {
	t.Parallel()
	cert, trusted, err := smtpsink.SelfSigned()
	require.NoError(t, err)
	inbox := testkit.SMTPWith(t, smtpsink.Config{TLS: cert, Users: map[string]string{"galaxy": "another"}})
	f := newFixtureWith(t, inbox, SMTPConfig{Username: "galaxy", Password: secret.New("hunter2"), TLSMode: TLSStartTLS})
	f.trust(trusted)
	id := f.enqueue(code("anna@example.com"))
	f.pass()
	attempts, err := f.service.Attempts(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "the relay could not be used: it answered 535", *attempts[0].Detail)
	require.Empty(t, f.dead.seen)
}

func TestNetworkErrorsAreDescribedWithoutQuotingTheRelay(t *testing.T) {
	t.Parallel()
	require.Equal(t, "it cannot be connected to", describeRelayError(&net.OpError{Op: "dial", Err: errors.New("refused")}))
	require.Equal(t, "its name cannot be resolved", describeRelayError(&net.OpError{Op: "dial", Err: &net.DNSError{}}))
	require.Equal(t, "it did not answer in time", describeRelayError(fmt.Errorf("greet: %w", context.DeadlineExceeded)))
}

func TestARefusalAtDataDoesNotAffectTheNextMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Data, Reply: "554 5.7.1 no", Times: 1})
	refused := f.enqueue(code("anna@example.com"))
	f.pass()
	next := f.enqueue(code("bob@example.com"))
	f.pass()
	require.Equal(t, DeadLettered, f.delivery(refused).Status)
	require.Equal(t, Sent, f.delivery(next).Status, "a conversation that nobody reset would answer 503")
}

func TestAKeptConnectionThatTheRelayHasTimedOutIsReplaced(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.enqueue(code("anna@example.com"))
	f.pass()
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Mail, Reply: "421 4.4.2 idle for too long", Then: smtpsink.Hangup, Times: 1})
	id := f.enqueue(code("bob@example.com"))
	f.pass()
	require.Equal(t, []Outcome{Delivered}, f.outcomes(id), "nobody waits for a retry")
}

func TestARelayThatTakesFewerConnectionsThanThereAreSendersIsUsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.7.0 too many connections", Times: 3})
	var ids []uuid.UUID
	for i := range 20 {
		ids = append(ids, f.enqueue(code(fmt.Sprintf("user%d@example.com", i))))
	}
	f.pass()
	require.False(t, f.worker.circuitOpen.Load(), "one sender reached it")
	f.pass()
	for _, id := range ids {
		require.Equal(t, Sent, f.delivery(id).Status)
	}
	require.Len(t, f.inbox.All(), len(ids))
}

func TestAMailThatIsNotSentDoesNotCloseTheCircuit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"})
	m := code("anna@example.com")
	m.NotAfter = noon.Add(time.Second)
	f.enqueue(m)
	f.pass()
	require.True(t, f.worker.circuitOpen.Load())
	f.clock.Advance(circuitBackoff.Max)
	again, err := f.worker.runOnce(t.Context()) // the code has expired meanwhile
	require.NoError(t, err)
	require.True(t, again, "the next mail may try")
	require.True(t, f.worker.circuitOpen.Load(), "nobody asked the relay")
}

func TestNoSendStartsThatTheLeaseWouldNotCover(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("anna@example.com"))
	claimed, err := f.worker.store.claim(t.Context(), f.db, noon, 1, lease)
	require.NoError(t, err)
	r := f.worker.attempt(t.Context(), &f.worker.connections[0], claimed[0], noon.Add(-time.Second))
	require.NoError(t, f.worker.settle(t.Context(), []result{r}, noon))
	require.Equal(t, []Outcome{NotStarted}, f.outcomes(id))
	require.Equal(t, Pending, f.delivery(id).Status)
	require.Zero(t, f.inbox.Seen(smtpsink.Connect))
	require.Greater(t, lease-startWindow, 6*sendTimeout, "dial, greeting, hand-over, all once more, and RSET")
}

func TestAPanickingAttemptDoesNotEndTheProcess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("anna@example.com"))
	relay := f.worker.relay
	f.worker.relay = nil
	f.pass()
	require.Equal(t, []Outcome{Unknown}, f.outcomes(id))
	f.worker.relay = relay
	f.clock.Advance(time.Hour)
	f.pass()
	require.Equal(t, Sent, f.delivery(id).Status)
}

func TestAnAddressErasedDuringASendIsNoDeadLetter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := f.enqueue(code("Anna@example.com"))
	claimed, err := f.worker.store.claim(t.Context(), f.db, noon, 1, lease)
	require.NoError(t, err)
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return f.service.EraseAddress(ctx, tx, "anna@EXAMPLE.com")
	}))
	greylisted := f.worker.resultOf(claimed[0], Transient, "later")
	require.NoError(t, f.worker.settle(t.Context(), []result{greylisted}, noon))
	f.clock.Advance(time.Hour)
	f.pass()
	d := f.delivery(id)
	require.Equal(t, Cancelled, d.Status)
	require.Equal(t, "erased", d.Recipient)
	require.Empty(t, f.bodies(id))
	require.Empty(t, f.dead.seen)
	require.Empty(t, f.inbox.All())
}
