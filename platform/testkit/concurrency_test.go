package testkit_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestAtOnceCountsWhatSucceedsAndKeepsTheOtherErrors(t *testing.T) {
	t.Parallel()
	odd := errors.New("odd")
	succeeded, failures := testkit.AtOnce([]int{1, 2, 3}, func(n int) error {
		if n%2 == 1 {
			return odd
		}
		return nil
	})
	require.Equal(t, 1, succeeded)
	require.Equal(t, []error{odd, odd}, failures)
}

func TestWhatWaitsForALockBlocks(t *testing.T) {
	t.Parallel()
	db, done := testkit.DB(t), make(chan error, 1)
	const lock = `SELECT count(*) FROM (SELECT pg_advisory_xact_lock(7)) locked`
	take := func() error {
		return db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := pg.Get[int](ctx, tx, lock)
			return err
		})
	}
	require.False(t, testkit.Blocks(t, db, done, take), "nobody holds it")
	require.NoError(t, <-done)

	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := pg.Get[int](ctx, tx, lock); err != nil {
			return err
		}
		require.True(t, testkit.Blocks(t, db, done, take))
		return nil
	}))
	require.NoError(t, <-done)
}
