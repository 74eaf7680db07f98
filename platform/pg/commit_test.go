package pg_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func TestAQueuedFailureAbortsTheCommit(t *testing.T) {
	t.Parallel()
	db := items(t)
	err := db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO items (id, name) VALUES (1, 'a')`)
		tx.Queue(`INSERT INTO items (id, name) VALUES (2, 'a')`)
		tx.OnCommit(func() { t.Error("ran after a failed transaction") })
		return nil
	})
	require.True(t, pg.IsUnique(err, "items_name"), "%v", err)
	require.False(t, pg.IsUnique(err, "items_pkey"))
	require.Equal(t, "items_name", pg.Constraint(err))
	require.Zero(t, count(t, db))
}

func TestAnIgnoredErrorDoesNotLookLikeACommit(t *testing.T) {
	t.Parallel()
	db := items(t)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, _ = tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`)
		_, _ = tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`) // fails, and is ignored
		return nil
	})
	require.Error(t, err)
	require.Zero(t, count(t, db))
}

func TestOnCommitRunsInOrderAndOnlyAfterACommit(t *testing.T) {
	t.Parallel()
	db := items(t)
	var ran []int
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO items (id) VALUES (1)`)
		for i := range 3 {
			tx.OnCommit(func() { ran = append(ran, i) })
		}
		require.Empty(t, ran)
		return nil
	}))
	require.Equal(t, []int{0, 1, 2}, ran)
	_ = db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.OnCommit(func() { ran = append(ran, 99) })
		return errRefused
	})
	require.Len(t, ran, 3)
}

// A transaction whose statements travel with its COMMIT holds the stripes of its
// keys meanwhile. Another one may hold the row that it waits for.
func TestARowAndAStripeTakenInOppositeOrderAreNoDeadlock(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.Open(t, p.DSN)
	exec(t, db, createItems)
	exec(t, db, `INSERT INTO items (id, name) VALUES (1, '')`)
	watch := testkit.Conn(t, p.DSN)
	var applied []string
	stage := func(tx *pg.Tx, name string) {
		nothing := func() {}
		tx.Stage(7, pg.Effect{Apply: func() { applied = append(applied, name) }, InDoubt: nothing, Resolved: nothing})
	}
	const add = `UPDATE items SET name = name || $1 WHERE id = 1`
	var wg sync.WaitGroup
	var once sync.Once
	var blind error
	begin := time.Now()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(ctx, add, "a"); err != nil {
			return err
		}
		stage(tx, "a")
		once.Do(func() {
			wg.Go(func() {
				blind = db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
					tx.Queue(add, "b")
					stage(tx, "b")
					return nil
				})
			})
			require.Eventually(t, func() bool {
				var waiting bool
				err := watch.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting)
				return err == nil && waiting
			}, 10*time.Second, time.Millisecond)
		})
		return nil
	}))
	wg.Wait()
	require.NoError(t, blind)
	require.Less(t, time.Since(begin), 2*time.Second, "neither waited for lock_timeout")
	require.Equal(t, []string{"b", "a"}, applied)
	name, err := pg.Get[string](t.Context(), db, `SELECT name FROM items`)
	require.NoError(t, err)
	require.Equal(t, "ba", name, "applied in commit order")
}

func TestAClientThatHangsUpDoesNotUndoACommit(t *testing.T) {
	t.Parallel()
	db := items(t)
	ctx, hangUp := context.WithCancel(t.Context())
	require.NoError(t, db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`)
		hangUp()
		return err
	}))
	require.Equal(t, 1, count(t, db))
}

func TestOnCommitMayUseTheDatabase(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.OpenWith(t, pg.Config{DSN: secret.New(p.DSN), MaxConns: 1, OperationTimeout: 5 * time.Second})
	exec(t, db, createItems)
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO items (id) VALUES (1)`)
		tx.Stage(1, effect(func() {}))
		tx.OnCommit(func() {
			require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
				tx.Queue(`INSERT INTO items (id) VALUES (2)`)
				tx.Stage(1, effect(func() {})) // the same stripe
				return nil
			}))
		})
		return nil
	}))
	require.Equal(t, 2, count(t, db), "the only connection and the stripe were free")
}

// effect applies, and fails nothing when its outcome is unknown.
func effect(apply func()) pg.Effect {
	return pg.Effect{Apply: apply, InDoubt: func() {}, Resolved: func() {}}
}

func TestStagedEffectsApplyInOrderBeforeOnCommitAndNeverAfterARollback(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		statement string
		end       error
		want      []string
	}{
		"commit":       {`SELECT 1`, nil, []string{"first", "second", "on commit"}},
		"no statement": {"", nil, []string{"first", "second", "on commit"}},
		"rollback":     {`SELECT 1`, errRefused, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ran []string
			err := testkit.DB(t).InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
				if tc.statement != "" {
					tx.Queue(tc.statement)
				}
				tx.OnCommit(func() { ran = append(ran, "on commit") })
				tx.Stage(9, effect(func() { ran = append(ran, "first") }))
				tx.Stage(3, effect(func() { ran = append(ran, "second") }))
				return tc.end
			})
			require.ErrorIs(t, err, tc.end)
			require.Equal(t, tc.want, ran)
		})
	}
}
