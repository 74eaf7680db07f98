package admin

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGuessingIsThrottledAndCannotLockOutAnOperatorWhoHasSignedIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NoError(t, f.login("root", password))
	throttled := 0
	for i := range 30 {
		err := f.login("root", fmt.Sprintf("a guess of number %d", i))
		require.Error(t, err)
		if err.Error() != ErrCredentials.Error() {
			require.ErrorIs(t, err, ErrThrottled)
			throttled++
		}
	}
	require.GreaterOrEqual(t, throttled, 25)
	require.LessOrEqual(t, f.verifier.comparisons.Load(), int64(6))
	require.NoError(t, f.login("root", password), "a cached credential passes the throttle")
	f.clock.Advance(time.Minute)
	require.ErrorIs(t, f.login("root", "one more guess at it"), ErrCredentials)
}

func TestAnExpiredCredentialPassesTheThrottle(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NoError(t, f.login("root", password))
	for range 3 {
		f.clock.Advance(credentialTTL)
		for i := range 10 {
			_, err := f.Authenticate(t.Context(), "root", fmt.Sprintf("a guess of number %d", i), sourceNumber(i))
			require.Error(t, err)
		}
		_, err := f.Authenticate(t.Context(), "root", "a guess of number 10", sourceNumber(10))
		require.ErrorIs(t, err, ErrThrottled)
		require.NoError(t, f.login("root", password))
	}
}

func TestACredentialOfAnOldPasswordDoesNotPassTheThrottle(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.NoError(t, f.login("root", password))
	_, err := f.ResetPassword(f.asAdmin(), "root", otherPassword)
	require.NoError(t, err)
	f.clock.Advance(time.Minute) // the first attempt is given back
	for range attemptsPerUsername {
		require.ErrorIs(t, f.login("root", password), ErrCredentials)
	}
	require.ErrorIs(t, f.login("root", password), ErrThrottled)
	require.ErrorIs(t, f.login("root", otherPassword), ErrThrottled, "nor does one that was never verified")
}

func TestASourceWithoutAttemptsSpendsNobodyElses(t *testing.T) {
	t.Parallel()
	throttle := newLoginThrottle()
	for i := range attemptsPerSource {
		require.True(t, throttle.allow(noon, fmt.Sprintf("invented%d", i), source))
	}
	for range 100 {
		require.False(t, throttle.allow(noon, "root", source))
	}
	require.True(t, throttle.allow(noon, "root", sourceNumber(1)))
}

func TestInventedUserNamesGiveNoAttemptsBack(t *testing.T) {
	t.Parallel()
	throttle := newLoginThrottle()
	for i := range attemptsPerUsername {
		require.True(t, throttle.allow(noon, "root", sourceNumber(i)))
	}
	for i := range 2 * maxLimiters {
		throttle.allow(noon, fmt.Sprintf("invented%d", i), sourceNumber(i))
		require.LessOrEqual(t, len(throttle.limiters), maxLimiters+1)
	}
	require.False(t, throttle.allow(noon, "root", sourceNumber(1<<20)))
	require.True(t, throttle.allow(noon.Add(time.Minute), "root", sourceNumber(1<<20)),
		"limiters that have recovered are dropped")
}

func TestOneNetworkIsOneSource(t *testing.T) {
	t.Parallel()
	for a, b := range map[string]string{
		"2001:db8:1:2::1": "2001:db8:1:2:ffff::2", "192.0.2.7": "::ffff:192.0.2.7", "fe80::1%eth0": "fe80::2%eth1",
	} {
		require.Equal(t, network(netip.MustParseAddr(a)), network(netip.MustParseAddr(b)))
	}
	require.NotEqual(t, network(netip.MustParseAddr("2001:db8:1:2::1")), network(netip.MustParseAddr("2001:db8:1:3::1")))
	require.NotEqual(t, network(netip.MustParseAddr("192.0.2.7")), network(netip.MustParseAddr("192.0.2.8")))
	require.NotPanics(t, func() { network(netip.Addr{}) })
}
