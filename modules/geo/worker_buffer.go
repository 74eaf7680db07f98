package geo

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	shardCount = 32
	// maxBuffered bounds the distinct pairs of user and address that wait for a
	// flush: about 8 MB at worst.
	maxBuffered = 65_536
	maxPerShard = maxBuffered / shardCount
)

// userAddress is a user at an address. The address is looked up when it is
// flushed: while a request waits even that would be too much.
type userAddress struct {
	user uuid.UUID
	ip   netip.Addr
}

// buffer counts requests by user and address until they are flushed. It never
// blocks for longer than another map update takes.
type buffer struct{ shards [shardCount]shard }

type shard struct {
	mu     sync.Mutex
	counts map[userAddress]int64
	spare  map[userAddress]int64 // emptied by a flush, kept for its memory
}

// shard is where a user is counted. The tail of a UUIDv7 is random.
func (b *buffer) shard(user uuid.UUID) *shard {
	return &b.shards[binary.LittleEndian.Uint32(user[12:])%shardCount]
}

// add counts n requests and reports false when there is no room.
func (b *buffer) add(a userAddress, n int64) bool {
	sh := b.shard(a.user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.counts == nil {
		sh.counts = map[userAddress]int64{}
	}
	if len(sh.counts) >= maxPerShard {
		if _, counted := sh.counts[a]; !counted {
			return false
		}
	}
	sh.counts[a] += n
	return true
}

// drain visits everything that was counted and forgets it. Only one drain runs at
// a time.
func (b *buffer) drain(visit func(a userAddress, n int64)) {
	for i := range b.shards {
		sh := &b.shards[i]
		sh.mu.Lock()
		full := sh.counts
		sh.counts, sh.spare = sh.spare, nil
		sh.mu.Unlock()
		for a, n := range full {
			visit(a, n)
		}
		clear(full)
		sh.mu.Lock()
		sh.spare = full
		sh.mu.Unlock()
	}
}

// dropUser forgets what was counted of a user.
func (b *buffer) dropUser(user uuid.UUID) {
	sh := b.shard(user)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for a := range sh.counts {
		if a.user == user {
			delete(sh.counts, a)
		}
	}
}

// erasures remembers who was erased of late: what a flush had drained from the
// buffer before an erasure can be written after it.
type erasures struct {
	mu      sync.Mutex
	started map[uuid.UUID]time.Time
}

// maxErasure is how long a transaction that erases may take to commit.
const maxErasure = time.Minute

func (e *erasures) add(user uuid.UUID, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.started == nil {
		e.started = map[uuid.UUID]time.Time{}
	}
	e.started[user] = now
}

// recent returns who was erased of late. It forgets those whose erasure is over
// by now, after it has returned them a last time.
func (e *erasures) recent(now time.Time) []uuid.UUID {
	e.mu.Lock()
	defer e.mu.Unlock()
	var users []uuid.UUID
	for user, started := range e.started {
		users = append(users, user)
		if now.Sub(started) > maxErasure {
			delete(e.started, user)
		}
	}
	return users
}
