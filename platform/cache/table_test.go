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

// fixture is a table of numbers with a cache in front of it.
type fixture struct {
	db    *pg.DB
	table *cache.Table[int, int]
}

func newFixture(t testing.TB, db *pg.DB, maxEntries int) fixture {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS counters (id int PRIMARY KEY, n int NOT NULL)`); err != nil {
			return err
		}
		tx.Queue(`TRUNCATE counters`)
		tx.Queue(`INSERT INTO counters SELECT i, 0 FROM generate_series(0, 15) i`)
		return nil
	}))
	return fixture{db, cache.New("counters", maxEntries, func(ctx context.Context, id int) (int, bool, error) {
		n, err := pg.Get[int](ctx, db, `SELECT n FROM counters WHERE id = $1`, id)
		if errors.Is(err, pg.ErrNoRows) {
			return 0, false, nil
		}
		return n, err == nil, err
	})}
}

const bump = `UPDATE counters SET n = n + 1 WHERE id = $1 RETURNING n`

func (f fixture) bump(ctx context.Context, id int) error {
	return f.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		n, err := pg.Get[int](ctx, tx, bump, id)
		f.table.Put(tx, id, n)
		return err
	})
}

func (f fixture) requireEqualToRows(t testing.TB) {
	t.Helper()
	type row struct {
		ID int `db:"id"`
		N  int `db:"n"`
	}
	rows, err := pg.All[row](t.Context(), f.db, `SELECT id, n FROM counters`)
	require.NoError(t, err)
	want := map[int]int{}
	for _, r := range rows {
		want[r.ID] = r.N
	}
	f.table.Each(func(id, n int) bool {
		require.Equal(t, want[id], n, "key %d", id)
		return true
	})
	for id, n := range want {
		got, ok, err := f.table.Get(t.Context(), id)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, n, got, "key %d", id)
	}
}

func TestAfterQuiescenceEveryEntryEqualsItsRow(t *testing.T) {
	t.Parallel()
	for _, maxEntries := range []int{0, 3} {
		f := newFixture(t, testkit.DB(t), maxEntries)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 30 {
					id := rand.IntN(4)
					if err := f.bump(t.Context(), id); err != nil {
						t.Error(err)
					}
					if _, _, err := f.table.Get(t.Context(), rand.IntN(4)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		f.requireEqualToRows(t)
	}
}

func TestACommitOfUnknownOutcomeIsReadAgain(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, p.Addr)
	f := newFixture(t, testkit.Open(t, p.Via(proxy.Addr())), 0)
	require.NoError(t, f.bump(t.Context(), 1))
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT"), Then: testkit.Cut})
	err := f.bump(t.Context(), 1)
	require.ErrorIs(t, err, pg.ErrOutcomeUnknown)
	_, cached := f.table.Peek(1)
	require.False(t, cached)
	f.requireEqualToRows(t)
}

// The server process hangs while it has the COMMIT: the client gives up, others
// read the old row, and then the COMMIT takes effect all the same.
func TestACommitThatTakesEffectLateIsNotMissed(t *testing.T) {
	t.Parallel()
	server := testkit.DedicatedServer(t)
	cfg := pg.Config{DSN: secret.New(server.DSN), MaxConns: 4, OperationTimeout: 500 * time.Millisecond}
	f := newFixture(t, testkit.OpenWith(t, cfg), 0)
	require.NoError(t, f.bump(t.Context(), 1))
	var pid int
	err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		if pid, err = pg.Get[int](ctx, tx, `SELECT pg_backend_pid()`); err != nil {
			return err
		}
		n, err := pg.Get[int](ctx, tx, bump, 1)
		f.table.Put(tx, 1, n)
		return errors.Join(err, syscall.Kill(pid, syscall.SIGSTOP))
	})
	require.ErrorIs(t, err, pg.ErrOutcomeUnknown)
	old, ok, err := f.table.Get(t.Context(), 1)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 1, old)
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	require.Eventually(t, func() bool {
		n, err := pg.Get[int](t.Context(), f.db, `SELECT n FROM counters WHERE id = 1`)
		return err == nil && n == 2
	}, 10*time.Second, time.Millisecond, "the COMMIT took effect")
	f.requireEqualToRows(t)
	require.Eventually(t, func() bool {
		_, _, err := f.table.Get(t.Context(), 1)
		_, kept := f.table.Peek(1)
		return err == nil && kept
	}, 10*time.Second, time.Millisecond, "in the end it is cached again")
	f.requireEqualToRows(t)
}

func TestARollbackLeavesTheCacheAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testkit.DB(t), 0)
	require.NoError(t, f.bump(t.Context(), 1))
	_ = f.db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		f.table.Put(tx, 1, 99)
		f.table.Drop(tx, 2)
		return errors.New("no")
	})
	f.requireEqualToRows(t)
}

func TestAMissIsReadThroughAndAnAbsentRowIsNotCached(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testkit.DB(t), 0)
	_, ok, err := f.table.Get(t.Context(), 99)
	require.NoError(t, err)
	require.False(t, ok)
	_, ok, err = f.table.Get(t.Context(), 3)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 1, f.table.Len())
	before := f.db.Traffic()
	_, _, _ = f.table.Get(t.Context(), 3)
	require.Equal(t, before, f.db.Traffic(), "a hit costs no statement")
}

func TestTheTableHoldsNoMoreThanItsMaximum(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testkit.DB(t), 4)
	for id := range 10 {
		f.table.Warm(id, 0)
	}
	require.Equal(t, 4, f.table.Len())
	for id := range 16 {
		require.NoError(t, f.bump(t.Context(), id))
	}
	require.Equal(t, 4, f.table.Len())
	f.requireEqualToRows(t)
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
// whatever is put, dropped, rolled back, evicted and read, an entry that is
// there equals its row.
func TestCacheEqualsTheTableForAnySequence(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	rapid.Check(t, func(rt *rapid.T) {
		f := newFixture(t, db, rapid.IntRange(0, 3).Draw(rt, "entries at most"))
		for i := range rapid.IntRange(1, 12).Draw(rt, "steps") {
			id := rapid.IntRange(0, 3).Draw(rt, fmt.Sprintf("key %d", i))
			switch rapid.IntRange(0, 3).Draw(rt, fmt.Sprintf("step %d", i)) {
			case 0:
				require.NoError(t, f.bump(t.Context(), id))
			case 1:
				_ = f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
					n, _ := pg.Get[int](ctx, tx, bump, id)
					f.table.Put(tx, id, n)
					return errors.New("rolled back")
				})
			case 2:
				require.NoError(t, f.db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
					tx.Queue(`UPDATE counters SET n = n + 10 WHERE id = $1`, id)
					f.table.Drop(tx, id)
					return nil
				}))
			case 3:
				_, _, err := f.table.Get(t.Context(), id)
				require.NoError(t, err)
			}
		}
		f.requireEqualToRows(t)
	})
}
