package cache

import (
	"context"
	"hash/maphash"
	"sync"

	"galaxy/backend/platform/pg"
)

// Loader reads one key from the database. It reports false when there is no
// row; that answer is not remembered.
type Loader[K comparable, V any] func(ctx context.Context, k K) (V, bool, error)

// Table is a bounded write-through map. It is safe for concurrent use.
type Table[K comparable, V any] struct {
	name   string
	ceil   int
	counts counts
	load   Loader[K, V]
	seed   maphash.Seed

	mu      sync.RWMutex
	entries map[K]V
	// writes counts the changes of a key's neighbourhood. A read-through that
	// saw another count than the one at its start throws its result away.
	writes [256]uint32
	// doubts counts, by key, the commits of unknown outcome that may still take
	// effect. What the database says of such a key is not remembered.
	doubts map[K]int
}

// New makes a table of at most ceil entries (0: no bound). name is for metrics.
func New[K comparable, V any](name string, ceil int, load Loader[K, V]) *Table[K, V] {
	return &Table[K, V]{name: name, ceil: ceil, counts: countsOf(name), load: load, seed: maphash.MakeSeed(), entries: map[K]V{}, doubts: map[K]int{}}
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
	slot := t.hash(k) % uint64(len(t.writes))
	t.mu.RLock()
	v, ok := t.entries[k]
	seen := t.writes[slot]
	t.mu.RUnlock()
	if ok {
		return v, true, nil
	}
	t.counts.missed(ctx)
	v, ok, err := t.load(ctx, k)
	if err != nil || !ok {
		return v, false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.writes[slot] == seen {
		t.put(k, v)
	}
	return v, true, nil
}

// Put stages k's new value: it is there once tx has committed.
func (t *Table[K, V]) Put(tx *pg.Tx, k K, v V) {
	tx.Stage(t.hash(k), pg.Effect{Apply: func() { t.set(k, v) }, InDoubt: func() { t.doubt(k) }, Resolved: func() { t.settle(k) }})
}

// Drop stages k's removal.
func (t *Table[K, V]) Drop(tx *pg.Tx, k K) {
	tx.Stage(t.hash(k), pg.Effect{Apply: func() { t.forget(k) }, InDoubt: func() { t.doubt(k) }, Resolved: func() { t.settle(k) }})
}

// Warm fills the table before anything else runs. A full table ignores it.
func (t *Table[K, V]) Warm(k K, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ceil == 0 || len(t.entries) < t.ceil {
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

func (t *Table[K, V]) forget(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(k)
}

func (t *Table[K, V]) doubt(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(k)
	t.doubts[k]++
}

func (t *Table[K, V]) settle(k K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(k) // a read that began before is not kept
	if t.doubts[k]--; t.doubts[k] == 0 {
		delete(t.doubts, k)
	}
}

// drop forgets k under the lock, and with it what reads under way will bring.
func (t *Table[K, V]) drop(k K) {
	before := len(t.entries)
	t.writes[t.hash(k)%uint64(len(t.writes))]++
	delete(t.entries, k)
	t.counts.resized(before, len(t.entries))
}

// put stores under the lock, and makes room by forgetting an arbitrary entry:
// Go's map order is random enough, and needs no bookkeeping on reads.
func (t *Table[K, V]) put(k K, v V) {
	if t.doubts[k] > 0 {
		return
	}
	before := len(t.entries)
	if _, there := t.entries[k]; !there && t.ceil > 0 && len(t.entries) >= t.ceil {
		for victim := range t.entries {
			delete(t.entries, victim)
			break
		}
	}
	t.entries[k] = v
	t.counts.resized(before, len(t.entries))
}

func (t *Table[K, V]) hash(k K) uint64 { return maphash.Comparable(t.seed, k) }
