package cache_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// table is what the model exercises: the real one, or a mutant.
type table interface {
	Get(ctx context.Context, k int) (int, bool, error)
	Put(tx *pg.Tx, k, v int)
	Drop(tx *pg.Tx, k int)
	Peek(k int) (int, bool)
}

// model is a table over rows that change in every way there is: committed,
// rolled back, with a lost COMMIT, concurrently, and during a read.
type model struct {
	fixture
	subject table
	proxy   *testkit.TCPProxy

	mu    sync.Mutex
	pause *pause // the next load waits after it has read
}

type pause struct{ read, resume chan struct{} }

func newModel(t *testing.T, make func(cache.Loader[int, int]) table) *model {
	t.Helper()
	p := testkit.Postgres(t)
	m := &model{proxy: testkit.PostgresProxy(t, p.Addr)}
	m.fixture = newFixture(t, testkit.Open(t, p.Via(m.proxy.Addr())), 0)
	m.subject = make(m.load)
	return m
}

func (m *model) load(ctx context.Context, k int) (int, bool, error) {
	n, err := pg.Get[int](ctx, m.db, `SELECT n FROM counters WHERE id = $1`, k)
	m.mu.Lock()
	p := m.pause
	m.pause = nil
	m.mu.Unlock()
	if p != nil {
		close(p.read)
		<-p.resume
	}
	return n, err == nil, err
}

var errAborted = errors.New("aborted")

// put bumps k through the table under test. end is what the transaction's
// function answers.
func (m *model) put(ctx context.Context, k int, end error) error {
	return m.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		n, err := pg.Get[int](ctx, tx, bump, k)
		m.subject.Put(tx, k, n)
		return errors.Join(err, end)
	})
}

// lose bumps k with a COMMIT that is never answered.
func (m *model) lose(ctx context.Context, k int, f testkit.Fault) error {
	m.proxy.Inject(f)
	if err := m.put(ctx, k, nil); !errors.Is(err, pg.ErrOutcomeUnknown) {
		return fmt.Errorf("the outcome should be unknown: %w", err)
	}
	return nil
}

// overtake changes k during a read of it.
func (m *model) overtake(ctx context.Context, k int) error {
	if _, there := m.subject.Peek(k); there {
		return m.put(ctx, k, nil)
	}
	p := &pause{make(chan struct{}), make(chan struct{})}
	m.mu.Lock()
	m.pause = p
	m.mu.Unlock()
	var wg sync.WaitGroup
	var read error
	wg.Go(func() { _, _, read = m.subject.Get(ctx, k) })
	<-p.read
	err := m.put(ctx, k, nil)
	close(p.resume)
	wg.Wait()
	return errors.Join(err, read)
}

func (m *model) step(ctx context.Context, r *rand.Rand) error {
	k := r.IntN(3)
	switch r.IntN(8) {
	case 0:
		return m.put(ctx, k, nil)
	case 1:
		if err := m.put(ctx, k, errAborted); !errors.Is(err, errAborted) {
			return err
		}
		return nil
	case 2:
		return m.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
			tx.Queue(`UPDATE counters SET n = n + 10 WHERE id = $1`, k)
			m.subject.Drop(tx, k)
			return nil
		})
	case 3:
		return m.lose(ctx, k, testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT")})
	case 4:
		return m.lose(ctx, k, testkit.Fault{Toward: testkit.ToServer, At: testkit.Runs("COMMIT")})
	case 5:
		return m.overtake(ctx, k)
	case 6:
		var wg sync.WaitGroup
		var errs [3]error
		for i := range errs {
			wg.Go(func() { errs[i] = m.put(ctx, k, nil) })
		}
		wg.Wait()
		return errors.Join(errs[:]...)
	}
	_, _, err := m.subject.Get(ctx, k)
	return err
}

// stale names an entry that is not its row, or is nil.
func (m *model) stale(ctx context.Context) error {
	for k := range 3 {
		kept, there := m.subject.Peek(k)
		n, err := pg.Get[int](ctx, m.db, `SELECT n FROM counters WHERE id = $1`, k)
		if err != nil {
			return err
		}
		if there && kept != n {
			return fmt.Errorf("%w: key %d is %d and its row %d", errStale, k, kept, n)
		}
	}
	return nil
}

var errStale = errors.New("stale")

// run takes steps until an entry is stale. Any other error fails the test.
func (m *model) run(t *testing.T, seed uint64, steps int) error {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, seed))
	for range steps {
		require.NoError(t, m.step(t.Context(), r))
		if err := m.stale(t.Context()); err != nil {
			require.ErrorIs(t, err, errStale)
			return err
		}
	}
	return nil
}

func TestAnEntryIsItsRowHoweverItsTransactionsEnd(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(cache.Loader[int, int]) table{
		"the table": func(l cache.Loader[int, int]) table { return cache.New("model", 0, l) },
		"a mutant without a mistake": func(l cache.Loader[int, int]) table {
			return &mutant{load: l, entries: map[int]int{}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, make)
			for seed := range uint64(3) {
				require.NoError(t, m.run(t, seed, 80))
			}
		})
	}
}

// A model that no mistake makes fail proves nothing.
func TestTheModelOfTheCacheKillsItsMutants(t *testing.T) {
	t.Parallel()
	for name, mutated := range map[string]*mutant{
		"seen before the commit":         {early: true},
		"an unknown outcome is a no":     {certain: true},
		"a read that was overtaken":      {overtaken: true},
		"a removal without effect":       {keeps: true},
		"after-commit work in any order": {unordered: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newModel(t, func(l cache.Loader[int, int]) table {
				mutated.load, mutated.entries = l, map[int]int{}
				return mutated
			})
			require.Error(t, m.run(t, 1, 500), "the model did not notice")
		})
	}
}

// mutant is a table with a mistake that somebody could make.
type mutant struct {
	early, certain, overtaken, keeps, unordered bool

	load cache.Loader[int, int]

	mu      sync.Mutex
	entries map[int]int
	writes  int
	late    []func()
}

func (m *mutant) set(k, v int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	m.entries[k] = v
}

func (m *mutant) remove(k int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	delete(m.entries, k)
}

func (m *mutant) Put(tx *pg.Tx, k, v int) {
	switch {
	case m.early:
		m.set(k, v)
		return
	case m.unordered:
		tx.OnCommit(func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.late = append(m.late, func() { m.set(k, v) })
		})
		return
	}
	doubt := func() { m.remove(k) }
	if m.certain {
		doubt = func() {}
	}
	tx.Stage(uint64(k), pg.Effect{Apply: func() { m.set(k, v) }, InDoubt: doubt, Resolved: doubt})
}

func (m *mutant) Drop(tx *pg.Tx, k int) {
	remove := func() { m.remove(k) }
	if m.keeps {
		remove = func() {}
	}
	tx.Stage(uint64(k), pg.Effect{Apply: remove, InDoubt: remove, Resolved: remove})
}

// Peek first runs the after-commit work that was delayed, the last one first, as
// a scheduler may have it.
func (m *mutant) Peek(k int) (int, bool) {
	m.mu.Lock()
	late := m.late
	m.late = nil
	m.mu.Unlock()
	for i := len(late) - 1; i >= 0; i-- {
		late[i]()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.entries[k]
	return v, ok
}

func (m *mutant) Get(ctx context.Context, k int) (int, bool, error) {
	if v, ok := m.Peek(k); ok {
		return v, true, nil
	}
	m.mu.Lock()
	seen := m.writes
	m.mu.Unlock()
	v, ok, err := m.load(ctx, k)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil && ok && (m.overtaken || m.writes == seen) {
		m.entries[k] = v
	}
	return v, ok, err
}
