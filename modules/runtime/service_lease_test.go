package runtime

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestOneLeaseAtATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch _, err := f.s.Lease(t.Context(), game, time.Minute); {
			case err == nil:
				got.Add(1)
			case !errors.Is(err, ErrBusy):
				t.Errorf("lease: %v", err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, got.Load())
}

func TestALeaseKeepsConvergenceOutAndARequestWaitsForIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	lease, err := f.s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
	require.Equal(t, "1.2.3", lease.Version)
	f.request(f.s.Stop, game)
	require.Zero(t, f.converge(), "nothing happens to an engine that generates a turn")
	f.signalled()
	require.NoError(t, f.s.Release(t.Context(), lease))
	require.True(t, f.signalled(), "the request has waited for it")
	require.Equal(t, 1, f.converge())
	require.Equal(t, Stopped, f.record(game).Observed)
	require.NoError(t, f.s.Release(t.Context(), lease), "a second time is no error")
}

func TestALeaseFromBeforeTheFirstPassIsNotInherited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.db.Fence(func() error { return nil }) // the one active process, which has not claimed yet
	_, err := f.s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
	f.request(f.s.Stop, game)
	claims, err := queue.Claim(t.Context(), f.db, f.clock.Now(), 10, time.Minute, nil)
	require.NoError(t, err)
	require.Empty(t, claims)
	_, err = f.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrNotRunning, "it shall stop, and is still leased")
	require.Zero(t, f.converge())
}

func TestConvergenceKeepsTheLeaseFromOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.clock.Advance(time.Minute)
	claim := f.claim()
	_, err := f.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrBusy)
	f.converger.converge(t.Context(), claim)
	_, err = f.s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
}

func TestALeaseOfADeadHolderRunsOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	dead, err := f.s.Lease(t.Context(), game, time.Microsecond)
	require.NoError(t, err)
	alive, err := f.s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
	require.NoError(t, f.s.Release(t.Context(), dead), "what is over already cannot take from the next")
	_, err = f.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrBusy)
	require.NoError(t, f.s.Release(t.Context(), alive))
}

func TestNoLeaseWithoutARunningEngine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.s.Lease(t.Context(), uuid.New(), time.Minute)
	require.ErrorIs(t, err, ErrNotFound)
	game := f.start()
	_, err = f.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrNotRunning)
	f.converge()
	f.request(f.s.Stop, game)
	_, err = f.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrNotRunning, "an engine that shall stop takes no new work")
}
