package cache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// counters is a table of numbers with a cache in front of it.
type counters struct {
	db    *pg.DB
	table *cache.Table[int, int]
}

func newCounters(t testing.TB, db *pg.DB, ceil int) counters {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS counters (id int PRIMARY KEY, n int NOT NULL)`); err != nil {
			return err
		}
		tx.Queue(`TRUNCATE counters`)
		tx.Queue(`INSERT INTO counters SELECT i, 0 FROM generate_series(0, 15) i`)
		return nil
	}))
	return counters{db, cache.New("counters", ceil, func(ctx context.Context, id int) (int, bool, error) {
		n, err := pg.Get[int](ctx, db, `SELECT n FROM counters WHERE id = $1`, id)
		if errors.Is(err, pg.ErrNoRows) {
			return 0, false, nil
		}
		return n, err == nil, err
	})}
}

const bump = `UPDATE counters SET n = n + 1 WHERE id = $1 RETURNING n`

func (c counters) bump(ctx context.Context, id int) error {
	return c.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		n, err := pg.Get[int](ctx, tx, bump, id)
		c.table.Put(tx, id, n)
		return err
	})
}

func (c counters) requireEqualToRows(t testing.TB) {
	t.Helper()
	type row struct {
		ID int `db:"id"`
		N  int `db:"n"`
	}
	rows, err := pg.All[row](t.Context(), c.db, `SELECT id, n FROM counters`)
	require.NoError(t, err)
	want := map[int]int{}
	for _, r := range rows {
		want[r.ID] = r.N
	}
	c.table.Each(func(id, n int) bool {
		require.Equal(t, want[id], n, "key %d", id)
		return true
	})
	for id, n := range want {
		got, ok, err := c.table.Get(t.Context(), id)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, n, got, "key %d", id)
	}
}

func TestAfterQuiescenceEveryEntryEqualsItsRow(t *testing.T) {
	t.Parallel()
	for _, ceil := range []int{0, 3} {
		c := newCounters(t, testkit.DB(t), ceil)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 30 {
					id := rand.IntN(4)
					if err := c.bump(t.Context(), id); err != nil {
						t.Error(err)
					}
					if _, _, err := c.table.Get(t.Context(), rand.IntN(4)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		c.requireEqualToRows(t)
	}
}

func TestACommitOfUnknownOutcomeIsReadAgain(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, p.Addr)
	c := newCounters(t, testkit.Open(t, p.Via(proxy.Addr())), 0)
	require.NoError(t, c.bump(t.Context(), 1))
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT"), Then: testkit.Cut})
	err := c.bump(t.Context(), 1)
	require.ErrorIs(t, err, pg.ErrOutcomeUnknown)
	_, remembered := c.table.Peek(1)
	require.False(t, remembered)
	c.requireEqualToRows(t)
}

// The server process hangs while it has the COMMIT: the client gives up, others
// read the old row, and then the COMMIT takes effect all the same.
func TestACommitThatTakesEffectLateIsNotMissed(t *testing.T) {
	t.Parallel()
	server := testkit.DedicatedServer(t)
	c := newCounters(t, testkit.OpenWith(t, pg.Config{DSN: secret.New(server.DSN), MaxConns: 4, OperationTimeout: 500 * time.Millisecond}), 0)
	require.NoError(t, c.bump(t.Context(), 1))
	var pid int
	err := c.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		if pid, err = pg.Get[int](ctx, tx, `SELECT pg_backend_pid()`); err != nil {
			return err
		}
		n, err := pg.Get[int](ctx, tx, bump, 1)
		c.table.Put(tx, 1, n)
		return errors.Join(err, syscall.Kill(pid, syscall.SIGSTOP))
	})
	require.ErrorIs(t, err, pg.ErrOutcomeUnknown)
	old, ok, err := c.table.Get(t.Context(), 1)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 1, old)
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	require.Eventually(t, func() bool {
		n, err := pg.Get[int](t.Context(), c.db, `SELECT n FROM counters WHERE id = 1`)
		return err == nil && n == 2
	}, 10*time.Second, time.Millisecond, "the COMMIT took effect")
	c.requireEqualToRows(t)
	require.Eventually(t, func() bool {
		_, _, err := c.table.Get(t.Context(), 1)
		_, kept := c.table.Peek(1)
		return err == nil && kept
	}, 10*time.Second, time.Millisecond, "in the end it is remembered again")
	c.requireEqualToRows(t)
}

func TestARollbackLeavesTheCacheAlone(t *testing.T) {
	t.Parallel()
	c := newCounters(t, testkit.DB(t), 0)
	require.NoError(t, c.bump(t.Context(), 1))
	_ = c.db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		c.table.Put(tx, 1, 99)
		c.table.Drop(tx, 2)
		return errors.New("no")
	})
	c.requireEqualToRows(t)
}

func TestAMissIsReadThroughAndAnAbsentRowIsNotRemembered(t *testing.T) {
	t.Parallel()
	c := newCounters(t, testkit.DB(t), 0)
	_, ok, err := c.table.Get(t.Context(), 99)
	require.NoError(t, err)
	require.False(t, ok)
	_, ok, err = c.table.Get(t.Context(), 3)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 1, c.table.Len())
	before := c.db.Traffic()
	_, _, _ = c.table.Get(t.Context(), 3)
	require.Equal(t, before, c.db.Traffic(), "a hit asks nobody")
}

func TestTheTableStaysBelowItsCeiling(t *testing.T) {
	t.Parallel()
	c := newCounters(t, testkit.DB(t), 4)
	for id := range 10 {
		c.table.Warm(id, 0)
	}
	require.Equal(t, 4, c.table.Len())
	for id := range 16 {
		require.NoError(t, c.bump(t.Context(), id))
	}
	require.Equal(t, 4, c.table.Len())
	c.requireEqualToRows(t)
}

func TestAReadThatACommitOvertookIsNotKept(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	reading, overtaken := make(chan struct{}), make(chan struct{})
	table := cache.New("slow", 0, func(context.Context, string) (int, bool, error) {
		close(reading)
		<-overtaken
		return 1, true, nil // what was committed when the read began
	})
	var wg sync.WaitGroup
	wg.Go(func() {
		got, ok, err := table.Get(t.Context(), "k")
		if got != 1 || !ok || err != nil {
			t.Error(got, ok, err)
		}
	})
	<-reading
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`SELECT 1`)
		table.Drop(tx, "k")
		return nil
	}))
	close(overtaken)
	wg.Wait()
	_, kept := table.Peek("k")
	require.False(t, kept)
}

// TestCacheEqualsTheTableForAnySequence is the model of the write-through rule:
// whatever is put, dropped, rolled back, forgotten and read, an entry that is
// there equals its row.
func TestCacheEqualsTheTableForAnySequence(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	rapid.Check(t, func(rt *rapid.T) {
		c := newCounters(t, db, rapid.IntRange(0, 3).Draw(rt, "ceiling"))
		for i := range rapid.IntRange(1, 12).Draw(rt, "steps") {
			id := rapid.IntRange(0, 3).Draw(rt, fmt.Sprintf("key %d", i))
			switch rapid.IntRange(0, 3).Draw(rt, fmt.Sprintf("step %d", i)) {
			case 0:
				require.NoError(t, c.bump(t.Context(), id))
			case 1:
				_ = c.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
					n, _ := pg.Get[int](ctx, tx, bump, id)
					c.table.Put(tx, id, n)
					return errors.New("rolled back")
				})
			case 2:
				require.NoError(t, c.db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
					tx.Queue(`UPDATE counters SET n = n + 10 WHERE id = $1`, id)
					c.table.Drop(tx, id)
					return nil
				}))
			case 3:
				_, _, err := c.table.Get(t.Context(), id)
				require.NoError(t, err)
			}
		}
		c.requireEqualToRows(t)
	})
}
