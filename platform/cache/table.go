package cache

import (
	"context"
	"hash/maphash"
	"sync"

	"galaxy/backend/platform/pg"
)

// Loader reads one key from the database. It reports false when there is no
// row; that answer is not cached.
type Loader[K comparable, V any] func(ctx context.Context, k K) (V, bool, error)

// Table is a bounded write-through map. It is safe for concurrent use.
type Table[K comparable, V any] struct {
	name       string
	maxEntries int // 0: no bound
	metrics    tableMetrics
	load       Loader[K, V]
	seed       maphash.Seed

	mu      sync.RWMutex
	entries map[K]V
	// versions counts the changes of the keys of one slot. A read-through that
	// finds another version than the one at its start discards its result.
	versions [256]uint32
	// inDoubt counts, by key, the commits of unknown outcome that may still take
	// effect. What the database says of such a key is not cached.
	inDoubt map[K]int
}

// New makes a table of at most maxEntries entries (0: no bound). name is for
// metrics.
func New[K comparable, V any](name string, maxEntries int, load Loader[K, V]) *Table[K, V] {
	return &Table[K, V]{
		name: name, maxEntries: maxEntries, metrics: newTableMetrics(name), load: load, seed: maphash.MakeSeed(),
		entries: map[K]V{}, inDoubt: map[K]int{},
	}
}

// Name is the table's name.
func (t *Table[K, V]) Name() string { return t.name }

// Len is how many entries the table holds.
func (t *Table[K, V]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.entries)
}

// Peek answers from memory alone.
func (t *Table[K, V]) Peek(k K) (V, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	v, ok := t.entries[k]
	return v, ok
}

// Get answers from memory, or reads k through. It reports false when there is
// no such row.
func (t *Table[K, V]) Get(ctx context.Context, k K) (V, bool, error) {
	slot := t.hash(k) % uint64(len(t.versions))
	t.mu.RLock()
	v, ok := t.entries[k]
	version := t.versions[slot]
	t.mu.RUnlock()
	if ok {
		return v, true, nil
	}
	t.metrics.missed(ctx)
	v, ok, err := t.load(ctx, k)
	if err != nil || !ok {
		return v, false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.versions[slot] == version {
		t.put(k, v)
	}
	return v, true, nil
}

// Put stages k's new value: it is there once tx has committed.
func (t *Table[K, V]) Put(tx *pg.Tx, k K, v V) {
	t.stage(tx, k, func() { t.set(k, v) })
}

// Drop stages k's removal.
func (t *Table[K, V]) Drop(tx *pg.Tx, k K) {
	t.stage(tx, k, func() { t.remove(k) })
}

func (t *Table[K, V]) stage(tx *pg.Tx, k K, apply func()) {
	tx.Stage(t.hash(k), pg.Effect{Apply: apply, InDoubt: func() { t.setInDoubt(k) }, Resolved: func() { t.resolve(k) }})
}

// Warm fills the table before anything else runs. A full table ignores it.
func (t *Table[K, V]) Warm(k K, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.maxEntries == 0 || len(t.entries) < t.maxEntries {
		t.put(k, v)
	}
}

// Each visits every entry until visit returns false. The order is arbitrary,
// and visit must not call the table.
func (t *Table[K, V]) Each(visit func(K, V) bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for k, v := range t.entries {
		if !visit(k, v) {
			return
		}
	}
}

func (t *Table[K, V]) set(k K, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(k)
	t.put(k, v)
}

func (t *Table[K, V]) remove(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(k)
}

func (t *Table[K, V]) setInDoubt(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(k)
	t.inDoubt[k]++
}

func (t *Table[K, V]) resolve(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(k) // the result of a read that began before is not kept
	if t.inDoubt[k]--; t.inDoubt[k] == 0 {
		delete(t.inDoubt, k)
	}
}

// drop removes k under the lock, and has reads under way discard their results.
func (t *Table[K, V]) drop(k K) {
	before := len(t.entries)
	t.versions[t.hash(k)%uint64(len(t.versions))]++
	delete(t.entries, k)
	t.metrics.resized(before, len(t.entries))
}

// put stores under the lock, and makes room by evicting an arbitrary entry: Go's
// map order is random enough, and needs no bookkeeping on reads.
func (t *Table[K, V]) put(k K, v V) {
	if t.inDoubt[k] > 0 {
		return
	}
	before := len(t.entries)
	if _, exists := t.entries[k]; !exists && t.maxEntries > 0 && len(t.entries) >= t.maxEntries {
		for victim := range t.entries {
			delete(t.entries, victim)
			break
		}
	}
	t.entries[k] = v
	t.metrics.resized(before, len(t.entries))
}

func (t *Table[K, V]) hash(k K) uint64 { return maphash.Comparable(t.seed, k) }
