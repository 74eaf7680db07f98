package pg_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func TestATransactionIsWholeOrAbsent(t *testing.T) {
	t.Parallel()
	db := items(t)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`)
		require.NoError(t, err)
		tx.Queue(`INSERT INTO items (id) VALUES (2)`)
		return errRefused
	})
	require.ErrorIs(t, err, errRefused)
	require.Zero(t, count(t, db))
}

func TestAPanicRollsBackAndPropagates(t *testing.T) {
	t.Parallel()
	db := items(t)
	require.PanicsWithValue(t, "boom", func() {
		_ = db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, _ = tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`)
			panic("boom")
		})
	})
	require.Zero(t, count(t, db))
}

func TestAGoroutineThatEndsInATransactionReleasesItsConnection(t *testing.T) {
	t.Parallel()
	db := items(t)
	var wg sync.WaitGroup
	for range 20 { // more than there are connections
		wg.Go(func() {
			_ = db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
				_, _ = tx.Exec(ctx, `SELECT 1`)
				runtime.Goexit()
				return nil
			})
		})
	}
	wg.Wait()
	require.Zero(t, count(t, db))
}

func TestQueuedStatementsAndCommitAreOneRoundTrip(t *testing.T) {
	t.Parallel()
	db := items(t)
	before := db.Traffic()
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO items (id) VALUES ($1)`, 1)
		tx.Queue(`INSERT INTO items (id) VALUES ($1)`, 2)
		return nil
	}))
	after := db.Traffic()
	require.EqualValues(t, 1, after.RoundTrips-before.RoundTrips)
	require.EqualValues(t, 4, after.Statements-before.Statements) // BEGIN, two INSERTs, COMMIT
	require.Equal(t, 2, count(t, db))
}

func TestALockingReadAndQueuedWritesAreTwoRoundTrips(t *testing.T) {
	t.Parallel()
	db := items(t)
	exec(t, db, `INSERT INTO items (id, name) VALUES (1, 'a')`)
	before := db.Traffic()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		name, err := pg.Get[string](ctx, tx, `SELECT name FROM items WHERE id = $1 FOR UPDATE`, 1)
		tx.Queue(`UPDATE items SET name = $2 WHERE id = $1`, 1, name+"b")
		return err
	}))
	require.EqualValues(t, 2, db.Traffic().RoundTrips-before.RoundTrips)
	got, err := pg.Get[string](t.Context(), db, `SELECT name FROM items`)
	require.NoError(t, err)
	require.Equal(t, "ab", got)
}

func TestAnAutonomousStatementStaysAlthoughTheTransactionFails(t *testing.T) {
	t.Parallel()
	db := items(t)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		tx.Autonomous(`INSERT INTO items (id) VALUES (1)`)
		n, err := pg.Get[int](ctx, tx, `SELECT count(*) FROM items`)
		require.NoError(t, err)
		require.Equal(t, 1, n, "the first statement sees it")
		tx.Queue(`INSERT INTO items (id) VALUES (2)`)
		return errRefused
	})
	require.ErrorIs(t, err, errRefused)
	ids, err := pg.All[int](t.Context(), db, `SELECT id FROM items`)
	require.NoError(t, err)
	require.Equal(t, []int{1}, ids)
}

func TestAnAutonomousStatementCostsNoRoundTrip(t *testing.T) {
	t.Parallel()
	db := items(t)
	before := db.Traffic()
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Autonomous(`INSERT INTO items (id) VALUES (1)`)
		tx.Queue(`INSERT INTO items (id) VALUES (2)`)
		return nil
	}))
	require.EqualValues(t, 1, db.Traffic().RoundTrips-before.RoundTrips)
	require.Equal(t, 2, count(t, db))
}

func TestNothingFollowsAnAutonomousStatementThatFails(t *testing.T) {
	t.Parallel()
	db := items(t)
	exec(t, db, `INSERT INTO items (id) VALUES (1)`)
	err := db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Autonomous(`INSERT INTO items (id) VALUES (1)`)
		tx.Queue(`INSERT INTO items (id) VALUES (2)`)
		return nil
	})
	require.True(t, pg.IsUnique(err, "items_pkey"), "%v", err)
	require.Equal(t, 1, count(t, db))
}

func TestATransactionThatDidNothingCostsNothing(t *testing.T) {
	t.Parallel()
	db := items(t)
	before := db.Traffic()
	ran := false
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.OnCommit(func() { ran = true })
		return nil
	}))
	require.Equal(t, before, db.Traffic())
	require.True(t, ran)
}

func TestADeadlockRunsTheFunctionAgain(t *testing.T) {
	t.Parallel()
	db := items(t)
	exec(t, db, `INSERT INTO items (id, name) VALUES (1, 'a'), (2, 'b')`)
	// Two transactions that take the two rows in opposite order, once.
	var bothHold sync.WaitGroup
	bothHold.Add(2)
	var first [2]sync.Once
	swap := func(n, a, b int) error {
		return db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			if _, err := tx.Exec(ctx, `UPDATE items SET name = name || '!' WHERE id = $1`, a); err != nil {
				return err
			}
			first[n].Do(func() { bothHold.Done(); bothHold.Wait() })
			_, err := tx.Exec(ctx, `UPDATE items SET name = name || '!' WHERE id = $1`, b)
			return err
		})
	}
	var errs [2]error
	var wg sync.WaitGroup
	wg.Go(func() { errs[0] = swap(0, 1, 2) })
	wg.Go(func() { errs[1] = swap(1, 2, 1) })
	wg.Wait()
	require.NoError(t, errors.Join(errs[:]...))
	names, err := pg.All[string](t.Context(), db, `SELECT name FROM items ORDER BY id`)
	require.NoError(t, err)
	require.Equal(t, []string{"a!!", "b!!"}, names)
}

// conflict fails as a serialization failure does.
const conflict = `DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = '40001'; END $$`

func TestAConflictRunsTheFunctionAgainAndOnlyTheLastRunHasEffects(t *testing.T) {
	t.Parallel()
	db := items(t)
	runs := 0
	var committed []int
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		runs++
		run := runs
		tx.OnCommit(func() { committed = append(committed, run) })
		tx.Queue(`INSERT INTO items (id) VALUES ($1)`, run)
		if run < 3 {
			_, err := tx.Exec(ctx, conflict)
			return err
		}
		return nil
	}))
	require.Equal(t, []int{3}, committed)
	ids, err := pg.All[int](t.Context(), db, `SELECT id FROM items`)
	require.NoError(t, err)
	require.Equal(t, []int{3}, ids)
}

func TestAFunctionThatAlwaysConflictsRunsFiveTimes(t *testing.T) {
	t.Parallel()
	db, runs := testkit.DB(t), 0
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		runs++
		_, err := tx.Exec(ctx, conflict)
		return err
	})
	require.ErrorIs(t, err, pg.ErrUnavailable)
	require.Equal(t, 5, runs)
}

func TestAnyOtherErrorIsReturnedAsItIsAfterOneRun(t *testing.T) {
	t.Parallel()
	db := items(t)
	for name, fail := range map[string]func(context.Context, *pg.Tx) error{
		"of the function": func(context.Context, *pg.Tx) error { return errRefused },
		"of a statement": func(ctx context.Context, tx *pg.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO items (id) VALUES (1), (1)`)
			return err
		},
	} {
		runs := 0
		var returned error
		err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			runs++
			returned = fail(ctx, tx)
			return returned
		})
		require.Error(t, err, name)
		require.Equal(t, returned, err, name)
		require.Equal(t, 1, runs, name)
	}
}

func TestAnAutonomousStatementAfterTheFirstOneIsADefect(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.OpenWith(t, pg.Config{DSN: secret.New(p.DSN), MaxConns: 1, OperationTimeout: 5 * time.Second})
	require.PanicsWithValue(t, "pg: Autonomous is called after the transaction has begun", func() {
		_ = db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT 1`); err != nil {
				return err
			}
			tx.Autonomous(`SELECT 1`)
			return nil
		})
	})
	require.NoError(t, db.Ping(t.Context()), "the only connection is back in the pool")
}

func TestExecSaysHowManyRowsItTouched(t *testing.T) {
	t.Parallel()
	db := items(t)
	exec(t, db, `INSERT INTO items (id) SELECT generate_series(1, 5)`)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		tx.Queue(`UPDATE items SET name = id::text`)
		n, err := tx.Exec(ctx, `DELETE FROM items WHERE id > $1`, 3)
		require.EqualValues(t, 2, n, "of the statement itself, not of what was queued")
		return err
	}))
	require.Equal(t, 3, count(t, db))
}

func TestACallerThatIsGoneStartsNoTransaction(t *testing.T) {
	t.Parallel()
	db := items(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := db.InTx(ctx, func(context.Context, *pg.Tx) error { t.Error("ran"); return nil })
	require.ErrorIs(t, err, context.Canceled)
}

func TestACallerThatLeavesDuringAStatementRollsBack(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.OpenWith(t, pg.Config{DSN: secret.New(p.DSN), MaxConns: 1, OperationTimeout: 15 * time.Second})
	exec(t, db, createItems)
	ctx, cancel := context.WithCancel(t.Context())
	var leaving sync.WaitGroup
	watch := testkit.Conn(t, p.DSN)
	leaving.Go(func() {
		defer cancel()
		for asleep := false; !asleep; {
			const sleeping = `SELECT EXISTS (SELECT FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'PgSleep')`
			if err := watch.QueryRow(t.Context(), sleeping).Scan(&asleep); err != nil {
				t.Error(err)
				return
			}
		}
	})
	err := db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO items (id) VALUES (1)`)
		_, err := tx.Exec(ctx, `SELECT pg_sleep(60)`)
		return err
	})
	leaving.Wait()
	require.ErrorContains(t, err, "canceling statement due to user request")
	require.Zero(t, count(t, db))
}

func TestTheFenceStopsEveryTransaction(t *testing.T) {
	t.Parallel()
	db := items(t)
	db.Fence(func() error { return errRefused })
	err := db.InTx(t.Context(), func(context.Context, *pg.Tx) error {
		t.Error("ran although the fence is closed")
		return nil
	})
	require.ErrorIs(t, err, errRefused)
	db.Fence(func() error { return nil })
	exec(t, db, `INSERT INTO items (id) VALUES (1)`)
}

func TestAFenceThatClosesMeanwhileHoldsTheCommitBack(t *testing.T) {
	t.Parallel()
	db := items(t)
	checks := 0
	db.Fence(func() error {
		if checks++; checks > 1 {
			return errRefused
		}
		return nil
	})
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		tx.OnCommit(func() { t.Error("ran after a rollback") })
		_, err := tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`)
		return err
	})
	require.ErrorIs(t, err, errRefused)
	require.Zero(t, count(t, db))
}
