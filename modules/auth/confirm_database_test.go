package auth_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/auth"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestAConfirmationTakesFewRoundTrips(t *testing.T) {
	t.Parallel()
	f := newFakeMailFixture(t, defaultConfig())
	sign := func(d device) func() {
		c, err := f.auth.SendCode(t.Context(), "ada@example.org", "en")
		require.NoError(t, err)
		code := f.mailer.LastCode("ada@example.org")
		return func() {
			_, err := f.auth.Confirm(t.Context(), confirmation(c.ChallengeID, code, d))
			require.NoError(t, err)
		}
	}
	require.LessOrEqual(t, f.traffic(sign(newDevice(t))).RoundTrips, int64(3), "a new account")
	f.clock.Advance(2 * time.Minute)
	f.clock.BlockUntil(backgroundLoops)
	require.LessOrEqual(t, f.traffic(sign(newDevice(t))).RoundTrips, int64(5), "an account that exists")
}

// The same on the wire: counted at the server's side of the connection, and not by
// the product.
func TestAConfirmationTakesFourRoundTripsOnTheWire(t *testing.T) {
	t.Parallel()
	own := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, own.Addr)
	f := newFakeMailFixture(t, defaultConfig(), testkit.StandIn(testkit.Open(t, own.Via(proxy.Addr()))))
	var roundTrips atomic.Int64
	proxy.Inject(testkit.Fault{Toward: testkit.ToServer, Times: -1, At: func(m testkit.Message) bool {
		if m.Type == 'S' || m.Type == 'Q' {
			roundTrips.Add(1)
		}
		return false
	}})
	var took int64
	for _, email := range []string{"warm@example.org", "ada@example.org"} { // statements are prepared once
		c, code := f.requestCode(email)
		before := roundTrips.Load()
		_, err := f.auth.Confirm(t.Context(), confirmation(c, code, newDevice(t)))
		require.NoError(t, err)
		took = roundTrips.Load() - before
	}
	require.LessOrEqual(t, took, int64(4))
	require.Positive(t, took)
}

// fromSecond matches what match matches, from the second time on: a confirmation's
// first COMMIT records the attempt.
func fromSecond(match func(testkit.Message) bool) func(testkit.Message) bool {
	var n atomic.Int32
	return func(m testkit.Message) bool { return match(m) && n.Add(1) > 1 }
}

// Whatever becomes of the second COMMIT of a confirmation, a repeat repairs it: the
// challenge makes one session, and the cache says what the table says.
func TestAConfirmationWhoseCommitIsCutIsMadeWhollyOrNotAtAll(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]testkit.Fault{
		"applied, reply lost": {Toward: testkit.ToClient, At: fromSecond(testkit.Completes("COMMIT"))},
		"never arrived":       {Toward: testkit.ToServer, At: fromSecond(testkit.Runs("COMMIT"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := testkit.Postgres(t)
			proxy := testkit.PostgresProxy(t, own.Addr)
			f := newFakeMailFixture(t, defaultConfig(), testkit.StandIn(testkit.Open(t, own.Via(proxy.Addr()))))
			c, err := f.auth.SendCode(t.Context(), "ada@example.org", "en")
			require.NoError(t, err)
			d, code := newDevice(t), f.mailer.LastCode("ada@example.org")
			injected := proxy.Inject(fault)
			_, err = f.auth.Confirm(t.Context(), confirmation(c.ChallengeID, code, d))
			<-injected
			require.ErrorIs(t, err, pg.ErrOutcomeUnknown)
			proxy.Heal()
			session, err := f.auth.Confirm(t.Context(), confirmation(c.ChallengeID, code, d))
			require.NoError(t, err)
			require.Equal(t, 1, f.count(`SELECT count(*) FROM device_sessions`))
			require.Equal(t, 1, f.count(`SELECT count(*) FROM accounts`))
			cached, err := f.auth.Session(t.Context(), session.ID)
			require.NoError(t, err)
			require.Equal(t, auth.Active, cached.Status)
			require.NoError(t, f.users.Admit(t.Context(), session.UserID))
		})
	}
}
