package admin

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
)

// elsewhere is a source of its own for every n.
func elsewhere(n int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, byte(n >> 16), byte(n >> 8), byte(n), 0, 1})
}

func TestAWorkingOperatorStaysInThroughAFlood(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.NoError(t, o.login("root", password))
	for range 3 {
		o.clock.Advance(rememberFor) // no longer fresh: bcrypt has to confirm it
		for i := range 10 {
			_, err := o.Authenticate(t.Context(), "root", fmt.Sprintf("a guess of number %d", i), elsewhere(i))
			require.Error(t, err)
		}
		_, err := o.Authenticate(t.Context(), "root", "a guess of number 10", elsewhere(10))
		require.ErrorIs(t, err, ErrThrottled)
		require.NoError(t, o.login("root", password))
	}
}

func TestASourceThatIsOutOfTriesSpendsNobodyElses(t *testing.T) {
	t.Parallel()
	v, err := newVerifier(clock.NewFake(noon))
	require.NoError(t, err)
	for i := range 20 {
		require.True(t, v.allowed(fmt.Sprintf("invented%d", i), source))
	}
	for range 100 {
		require.False(t, v.allowed("root", source))
	}
	require.True(t, v.allowed("root", elsewhere(1)))
}

func TestInventedNamesGiveNoGuessesBack(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	v, err := newVerifier(clk)
	require.NoError(t, err)
	for i := range 5 {
		require.True(t, v.allowed("root", elsewhere(i)))
	}
	for i := range 2 * limitersAtMost {
		v.allowed(fmt.Sprintf("invented%d", i), elsewhere(i))
		require.LessOrEqual(t, len(v.throttle), limitersAtMost+1)
	}
	require.False(t, v.allowed("root", elsewhere(1<<20)))
	clk.Advance(time.Minute)
	require.True(t, v.allowed("root", elsewhere(1<<20)), "what has recovered is forgotten, and there is room again")
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

func TestAtMostOneBcryptRunsWhoeverNeedsIt(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.NoError(t, o.verifier.take(t.Context())) // somebody's is under way
	ctx, cancel := context.WithCancel(o.as(httpx.Administrator))
	var wg sync.WaitGroup
	errs := make([]error, queueAtMost)
	for i := range errs {
		wg.Go(func() { _, errs[i] = o.Authenticate(ctx, fmt.Sprintf("name%d", i), password, elsewhere(i)) })
	}
	require.Eventually(t, func() bool { return o.verifier.waiting.Load() == queueAtMost }, 10*time.Second, time.Millisecond)
	_, err := o.Authenticate(ctx, "one-more", password, elsewhere(100))
	require.ErrorIs(t, err, ErrThrottled, "the queue is bounded")
	created := make(chan error, 1)
	go func() { _, _, err := o.Create(ctx, "anna", password, httpx.Viewer); created <- err }()
	cancel()
	require.ErrorIs(t, <-created, context.Canceled, "a new hash waits like the rest")
	wg.Wait()
	for _, err := range errs {
		require.ErrorIs(t, err, ErrThrottled)
	}
	o.verifier.give()
	require.NoError(t, o.login("root", password))
}

func TestThoseWhoAreNotSignedInCannotFillTheAuditLog(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	knock := func(n int, e httpx.AuditEntry) {
		for range n {
			o.Refused(t.Context(), e)
		}
	}
	knock(400, httpx.AuditEntry{Op: "createAdminAccount", Target: "admin-accounts", Status: 401, Reason: "unauthenticated", Source: source})
	knock(10, httpx.AuditEntry{Actor: "root", Role: httpx.Viewer, Op: "createAdminAccount", Target: "admin-accounts", Status: 403, Reason: "forbidden"})
	rows, err := o.Audit(t.Context(), AuditFilter{Limit: 1000})
	require.NoError(t, err)
	require.Len(t, rows, 310)
	require.Equal(t, "root", rows[0].Actor, "an operator's refusals are all kept")
	o.clock.Advance(time.Minute)
	require.True(t, o.nobodies.noted(o.clock.Now(), zap.NewNop()), "a few a minute are always noted")
}

func TestNothingInARequestCostsItsAuditRow(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, target := range []string{"admin-accounts/\x00/disable", "admin-accounts/\xff/disable", "a\nb", strings.Repeat("ä", 40_000)} {
		o.Refused(t.Context(), httpx.AuditEntry{Actor: "nobody\x00", Op: "disableAdminAccount", Target: target, Status: 400, Reason: "invalid_request"})
	}
	rows, err := o.Audit(t.Context(), AuditFilter{Limit: 10})
	require.NoError(t, err)
	require.Len(t, rows, 4)
	require.LessOrEqual(t, len(rows[0].Target), mostText)
	require.Equal(t, "a\ufffdb", rows[1].Target)
	require.Equal(t, "nobody\ufffd", rows[1].Actor)
}
