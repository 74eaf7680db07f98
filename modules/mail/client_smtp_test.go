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
		"the greeting refuses":         {smtp: SMTPConfig{TLSMode: TLSNone}, rules: []smtpsink.Rule{{At: smtpsink.Connect, Reply: "421 4.3.2 closing"}}, want: "it answered 421"},
		"the greeting is cut":          {smtp: SMTPConfig{TLSMode: TLSNone}, rules: []smtpsink.Rule{{At: smtpsink.Connect, Then: smtpsink.Hangup}}, want: "it closed the connection"},
		"STARTTLS is not offered":      {smtp: login, want: "it does not offer the TLS"},
		"STARTTLS is refused":          {sink: smtpsink.Config{TLS: cert}, smtp: login, rules: []smtpsink.Rule{{At: smtpsink.StartTLS, Reply: "454 4.7.0 not now"}}, want: "it answered 454"},
		"a certificate of nobody":      {sink: smtpsink.Config{TLS: cert}, smtp: login, want: "its certificate is not trusted"},
		"TLS to a plain port":          {smtp: SMTPConfig{TLSMode: TLSImplicit}, want: "it does not speak TLS"},
		"it wants a name and has none": {sink: smtpsink.Config{Users: map[string]string{"galaxy": "hunter2"}}, smtp: SMTPConfig{TLSMode: TLSNone}, want: "wants another authentication: 530"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPostWith(t, testkit.SMTPWith(t, c.sink), c.smtp)
			p.inbox.Use(c.rules...)
			id := p.enqueue(code("anna@example.com"))
			p.pass()
			attempts, err := p.service.Attempts(t.Context(), id)
			require.NoError(t, err)
			require.Len(t, attempts, 1)
			require.Equal(t, RelayFault, *attempts[0].Outcome)
			require.Contains(t, *attempts[0].Detail, c.want)
			require.NotContains(t, *attempts[0].Detail, "hunter2")
			require.Equal(t, Pending, p.delivery(id).Status)
			require.True(t, p.worker.open.Load())
			require.Zero(t, p.inbox.Seen(smtpsink.Data))
		})
	}
}

func TestAWrongPasswordIsTheRelaysFaultAndIsNotShown(t *testing.T) {
	t.Parallel()
	cert, trusted, err := smtpsink.SelfSigned()
	require.NoError(t, err)
	inbox := testkit.SMTPWith(t, smtpsink.Config{TLS: cert, Users: map[string]string{"galaxy": "another"}})
	p := newPostWith(t, inbox, SMTPConfig{Username: "galaxy", Password: secret.New("hunter2"), TLSMode: TLSStartTLS})
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(trusted))
	require.NoError(t, p.worker.relay.client.SetTLSConfig(&tls.Config{RootCAs: roots, ServerName: "127.0.0.1", MinVersion: tls.VersionTLS12}))
	id := p.enqueue(code("anna@example.com"))
	p.pass()
	attempts, err := p.service.Attempts(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "the relay could not be used: it answered 535", *attempts[0].Detail)
	require.Empty(t, p.dead.seen)
}

func TestWhatIsWrongWithTheNetworkIsSaidWithoutQuoting(t *testing.T) {
	t.Parallel()
	require.Equal(t, "it cannot be connected to", why(&net.OpError{Op: "dial", Err: errors.New("refused")}))
	require.Equal(t, "its name cannot be resolved", why(&net.OpError{Op: "dial", Err: &net.DNSError{}}))
	require.Equal(t, "it did not answer in time", why(fmt.Errorf("greet: %w", context.DeadlineExceeded)))
}

func TestARefusalAtDataDoesNotSpoilTheNextMail(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.inbox.Use(smtpsink.Rule{At: smtpsink.Data, Reply: "554 5.7.1 no", Times: 1})
	refused := p.enqueue(code("anna@example.com"))
	p.pass()
	next := p.enqueue(code("bob@example.com"))
	p.pass()
	require.Equal(t, DeadLettered, p.delivery(refused).Status)
	require.Equal(t, Sent, p.delivery(next).Status, "a conversation that nobody reset would answer 503")
}

func TestAKeptConnectionThatTheRelayHasTimedOutIsReplaced(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.enqueue(code("anna@example.com"))
	p.pass()
	p.inbox.Use(smtpsink.Rule{At: smtpsink.Mail, Reply: "421 4.4.2 idle for too long", Then: smtpsink.Hangup, Times: 1})
	id := p.enqueue(code("bob@example.com"))
	p.pass()
	require.Equal(t, []Outcome{Delivered}, p.outcomes(id), "nobody waits for a retry")
}

func TestARelayThatTakesFewerConnectionsThanThereAreSendersIsUsed(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.7.0 too many connections", Times: 3})
	var ids []uuid.UUID
	for i := range 20 {
		ids = append(ids, p.enqueue(code(fmt.Sprintf("user%d@example.com", i))))
	}
	p.pass()
	require.False(t, p.worker.open.Load(), "one sender reached it")
	p.pass()
	for _, id := range ids {
		require.Equal(t, Sent, p.delivery(id).Status)
	}
	require.Len(t, p.inbox.All(), len(ids))
}

func TestAMailThatIsNotSentDoesNotCloseTheCircuit(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	p.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"})
	m := code("anna@example.com")
	m.NotAfter = noon.Add(time.Second)
	p.enqueue(m)
	p.pass()
	require.True(t, p.worker.open.Load())
	p.clock.Advance(circuitBackoff.Max)
	again, err := p.worker.runOnce(t.Context()) // the code has expired meanwhile
	require.NoError(t, err)
	require.True(t, again, "the next mail may try")
	require.True(t, p.worker.open.Load(), "nobody asked the relay")
}

func TestNothingIsBegunThatTheLeaseWouldNotCover(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.enqueue(code("anna@example.com"))
	claimed, err := p.worker.store.claim(t.Context(), p.db, noon, 1, lease)
	require.NoError(t, err)
	r := p.worker.attempt(t.Context(), &p.worker.connections[0], claimed[0], noon.Add(-time.Second))
	require.NoError(t, p.worker.settle(t.Context(), []result{r}, noon))
	require.Equal(t, []Outcome{NotStarted}, p.outcomes(id))
	require.Equal(t, Pending, p.delivery(id).Status)
	require.Zero(t, p.inbox.Seen(smtpsink.Connect))
	require.Greater(t, lease-beginWithin, 6*sendTimeout, "dial, greeting, hand-over, all once more, and RSET")
}

func TestAMailThatPanicsDoesNotTakeTheProcessWithIt(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.enqueue(code("anna@example.com"))
	relay := p.worker.relay
	p.worker.relay = nil
	p.pass()
	require.Equal(t, []Outcome{Unknown}, p.outcomes(id))
	p.worker.relay = relay
	p.clock.Advance(time.Hour)
	p.pass()
	require.Equal(t, Sent, p.delivery(id).Status)
}

func TestAnAddressThatIsErasedDuringItsMailIsNoDeadLetter(t *testing.T) {
	t.Parallel()
	p := newPost(t)
	id := p.enqueue(code("Anna@example.com"))
	claimed, err := p.worker.store.claim(t.Context(), p.db, noon, 1, lease)
	require.NoError(t, err)
	require.NoError(t, p.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		return p.service.EraseAddress(ctx, tx, "anna@EXAMPLE.com")
	}))
	greylisted := p.worker.judge(result{parcel: claimed[0]}, Transient, "later")
	require.NoError(t, p.worker.settle(t.Context(), []result{greylisted}, noon))
	p.clock.Advance(time.Hour)
	p.pass()
	d := p.delivery(id)
	require.Equal(t, Cancelled, d.Status)
	require.Equal(t, "erased", d.Recipient)
	require.Empty(t, p.bodies(id))
	require.Empty(t, p.dead.seen)
	require.Empty(t, p.inbox.All())
}
