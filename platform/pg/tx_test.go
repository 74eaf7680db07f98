package pg_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

const createItems = `CREATE TABLE items (id int PRIMARY KEY, name text CONSTRAINT items_name UNIQUE, at timestamptz, tags text[])`

// items opens a database with a table to play with.
func items(t *testing.T) *pg.DB {
	t.Helper()
	db := testkit.DB(t)
	exec(t, db, createItems)
	return db
}

func exec(t *testing.T, db *pg.DB, sql string, args ...any) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	}))
}

func count(t *testing.T, db *pg.DB) int {
	t.Helper()
	n, err := pg.Get[int](t.Context(), db, `SELECT count(*) FROM items`)
	require.NoError(t, err)
	return n
}

var errRefused = errors.New("refused")

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

func TestAPanicRollsBackAndTravelsOn(t *testing.T) {
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

func TestAGoroutineThatEndsInsideATransactionGivesItsConnectionBack(t *testing.T) {
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

func TestAPoolThatNobodyAskedDialsNobody(t *testing.T) {
	t.Parallel()
	proxy := testkit.PostgresProxy(t, "127.0.0.1:1")
	db, err := pg.New(pg.Config{DSN: secret.New("postgres://u@" + proxy.Addr() + "/db"), MaxConns: 4, MinConns: 4, OperationTimeout: time.Second})
	require.NoError(t, err)
	require.NoError(t, db.Close(t.Context()))
	require.Zero(t, proxy.Open())
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

func TestWhatGoesAheadStaysAlthoughTheTransactionFails(t *testing.T) {
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

func TestWhatGoesAheadTravelsWithTheFirstStatement(t *testing.T) {
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

func TestNothingFollowsAFailureAhead(t *testing.T) {
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

func TestIDsTravelAsBytes(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	id, other := uuid.Must(uuid.NewV7()), uuid.New()
	back, err := pg.Get[uuid.UUID](t.Context(), db, `SELECT $1::uuid`, id)
	require.NoError(t, err)
	require.Equal(t, id, back)
	all, err := pg.All[uuid.UUID](t.Context(), db, `SELECT unnest($1::uuid[])`, []uuid.UUID{id, other})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{id, other}, all)
	type row struct {
		ID   uuid.UUID   `db:"id"`
		None *uuid.UUID  `db:"none"`
		Some *uuid.UUID  `db:"some"`
		Many []uuid.UUID `db:"many"`
	}
	r, err := pg.Get[row](t.Context(), db, `SELECT $1::uuid AS id, $2::uuid AS none, $3::uuid AS some, $4::uuid[] AS many`, id, (*uuid.UUID)(nil), &other, []uuid.UUID{other})
	require.NoError(t, err)
	require.Equal(t, row{ID: id, Some: &other, Many: []uuid.UUID{other}}, r)
	text, err := pg.Get[string](t.Context(), db, `SELECT $1::text`, id.String())
	require.NoError(t, err)
	require.Equal(t, id.String(), text)
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

func TestAQueuedFailureAbortsTheCommit(t *testing.T) {
	t.Parallel()
	db := items(t)
	err := db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`INSERT INTO items (id, name) VALUES (1, 'a')`)
		tx.Queue(`INSERT INTO items (id, name) VALUES (2, 'a')`)
		tx.OnCommit(func() { t.Error("let out of a transaction that failed") })
		return nil
	})
	require.True(t, pg.IsUnique(err, "items_name"), "%v", err)
	require.False(t, pg.IsUnique(err, "items_pkey"))
	require.Equal(t, "items_name", pg.Constraint(err))
	require.Zero(t, count(t, db))
}

func TestASwallowedErrorDoesNotLookLikeACommit(t *testing.T) {
	t.Parallel()
	db := items(t)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, _ = tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`)
		_, _ = tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`) // fails, and nobody looks
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

func TestALostRaceRunsAgain(t *testing.T) {
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
				err := watch.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting)
				return err == nil && waiting
			}, 10*time.Second, time.Millisecond)
		})
		return nil
	}))
	wg.Wait()
	require.NoError(t, blind)
	require.Less(t, time.Since(begin), 2*time.Second, "nobody waited for lock_timeout")
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

func TestTheFenceStopsEveryTransaction(t *testing.T) {
	t.Parallel()
	db := items(t)
	db.Fence(func() error { return errRefused })
	err := db.InTx(t.Context(), func(context.Context, *pg.Tx) error { t.Error("ran behind the fence"); return nil })
	require.ErrorIs(t, err, errRefused)
	db.Fence(func() error { return nil })
	exec(t, db, `INSERT INTO items (id) VALUES (1)`)
}

func TestRowsAreMappedByColumnAndTimesAreUTC(t *testing.T) {
	t.Parallel()
	db := items(t)
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.FixedZone("CEST", 7200))
	exec(t, db, `INSERT INTO items (id, name, at, tags) VALUES (1, 'a', $1, $2), (2, NULL, NULL, NULL)`, at, []string{"x", "y"})
	type item struct {
		ID   int        `db:"id"`
		Name *string    `db:"name"`
		At   *time.Time `db:"at"`
		Tags []string   `db:"tags"`
	}
	rows, err := pg.All[item](t.Context(), db, `SELECT id, name, at, tags FROM items ORDER BY id`)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, time.UTC, rows[0].At.Location())
	require.True(t, rows[0].At.Equal(at))
	require.Equal(t, []string{"x", "y"}, rows[0].Tags)
	require.Nil(t, rows[1].Name)

	none, err := pg.All[item](t.Context(), db, `SELECT id, name, at, tags FROM items WHERE id > 2`)
	require.NoError(t, err)
	require.NotNil(t, none)
	_, err = pg.Get[time.Time](t.Context(), db, `SELECT at FROM items WHERE id > 2`)
	require.ErrorIs(t, err, pg.ErrNoRows)
	id := uuid.New()
	got, err := pg.Get[uuid.UUID](t.Context(), db, `SELECT $1::uuid`, id)
	require.NoError(t, err)
	require.Equal(t, id, got)
	ids, err := pg.Get[int](t.Context(), db, `SELECT cardinality($1::uuid[])`, []uuid.UUID{id, id})
	require.NoError(t, err)
	require.Equal(t, 2, ids)
}

func TestAStatementThatTakesTooLongIsUnavailableAndKeepsItsConnection(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.OpenWith(t, pg.Config{DSN: secret.New(p.DSN), MaxConns: 2, MinConns: 1, OperationTimeout: 100 * time.Millisecond})
	before, err := pg.Get[int](t.Context(), db, `SELECT pg_backend_pid()`)
	require.NoError(t, err)
	_, err = pg.Get[string](t.Context(), db, `SELECT pg_sleep(30)::text`)
	require.ErrorIs(t, err, pg.ErrUnavailable)
	require.Equal(t, fault.Unavailable, fault.From(err).Code)
	after, err := pg.Get[int](t.Context(), db, `SELECT pg_backend_pid()`)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestADatabaseThatIsDownIsUnavailable(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, p.Addr)
	db := testkit.Open(t, p.Via(proxy.Addr()))
	require.NoError(t, db.Ping(t.Context()))
	proxy.CutAll()
	killed := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1`)
		proxy.CutAll()
		if err == nil {
			_, err = tx.Exec(ctx, `SELECT 1`)
		}
		return err
	})
	require.ErrorIs(t, killed, pg.ErrUnavailable)
	require.NoError(t, db.Ping(t.Context()), "the pool heals by itself")
}
