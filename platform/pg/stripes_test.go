package pg

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func keys(hashes ...uint64) (keys []staged) {
	for _, h := range hashes {
		keys = append(keys, staged{hash: h})
	}
	return keys
}

func TestAStripeIsHeldByOneCommit(t *testing.T) {
	t.Parallel()
	s := newStripes()
	unlock := s.lock(keys(1, 1, 1+stripeCount, 2), time.Second)
	require.NotNil(t, unlock, "keys of one stripe are one lock")
	for name, hash := range map[string]uint64{"same key": 1, "same stripe": 2 + 5*stripeCount} {
		require.Nil(t, s.lock(keys(hash), time.Millisecond), name)
	}
	other := s.lock(keys(3), 0)
	require.NotNil(t, other, "another stripe is free at once")
	other()
	unlock()
	again := s.lock(keys(1, 2), 0)
	require.NotNil(t, again)
	again()
}

func TestATimeoutReleasesTheStripesThatWereTaken(t *testing.T) {
	t.Parallel()
	s := newStripes()
	unlock := s.lock(keys(5), 0)
	require.Nil(t, s.lock(keys(3, 4, 5), time.Millisecond))
	low := s.lock(keys(3, 4), 0)
	require.NotNil(t, low)
	low()
	unlock()
}

func TestStripesInAnyOrderAreNoDeadlock(t *testing.T) {
	t.Parallel()
	s := newStripes()
	var wg sync.WaitGroup
	n := 0 // guarded by the stripes
	for _, hashes := range [][]uint64{{1, 2, 3}, {3, 2, 1}, {2, 3, 1}} {
		wg.Go(func() {
			for range 200 {
				unlock := s.lock(keys(hashes...), time.Minute)
				n++
				unlock()
			}
		})
	}
	wg.Wait()
	require.Equal(t, 600, n)
}
