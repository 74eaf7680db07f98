package pg_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
)

// newSoleDB is the pool of a process that is the only one. It never connects.
func newSoleDB(t *testing.T) *pg.DB {
	t.Helper()
	db, err := pg.New(pg.Config{DSN: secret.New("postgres://u@127.0.0.1:1/db"), MaxConns: 1})
	require.NoError(t, err)
	db.Fence(func() error { return nil })
	t.Cleanup(func() { require.NoError(t, db.Close(context.Background())) })
	return db
}

func TestOrphansOfAResourceAreReclaimedOnce(t *testing.T) {
	t.Parallel()
	db := newSoleDB(t)
	reclaimed := map[string]int{}
	for _, resource := range []string{"mail", "mail", "routes", "mail"} {
		require.NoError(t, db.ReclaimOrphans(resource, func() error { reclaimed[resource]++; return nil }))
	}
	require.Equal(t, map[string]int{"mail": 1, "routes": 1}, reclaimed)
}

func TestReclaimingIsRepeatedUntilItSucceeds(t *testing.T) {
	t.Parallel()
	db, runs := newSoleDB(t), 0
	reclaim := func() error {
		if runs++; runs < 3 {
			return errRefused
		}
		return nil
	}
	require.ErrorIs(t, db.ReclaimOrphans("mail", reclaim), errRefused)
	require.ErrorIs(t, db.ReclaimOrphans("mail", reclaim), errRefused)
	require.NoError(t, db.ReclaimOrphans("mail", reclaim))
	require.NoError(t, db.ReclaimOrphans("mail", reclaim))
	require.Equal(t, 3, runs)
}

func TestWithoutAFenceNothingIsReclaimed(t *testing.T) {
	t.Parallel()
	db, err := pg.New(pg.Config{DSN: secret.New("postgres://u@127.0.0.1:1/db"), MaxConns: 1})
	require.NoError(t, err)
	require.NoError(t, db.ReclaimOrphans("mail", func() error { t.Error("another process may be alive"); return nil }))
	db.Fence(func() error { return nil })
	reclaimed := false
	require.NoError(t, db.ReclaimOrphans("mail", func() error { reclaimed = true; return nil }))
	require.True(t, reclaimed, "the call before did not count")
	require.NoError(t, db.Close(t.Context()))
}

func TestEveryoneWaitsForTheReclaimUnderWay(t *testing.T) {
	t.Parallel()
	db := newSoleDB(t)
	var runs, over atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := db.ReclaimOrphans("mail", func() error {
				runs.Add(1)
				over.Store(1)
				return nil
			})
			if err != nil || over.Load() != 1 {
				t.Errorf("returned before the reclaim was over: %v", err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, runs.Load())
}
