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
	shardMax    = maxBuffered / shardCount
)

// sighting is a user at an address. The address is looked up when it is flushed:
// on the way of a request even that would be too much.
type sighting struct {
	user uuid.UUID
	ip   netip.Addr
}

// counters coalesces sightings. It never blocks for longer than another map
// update takes.
type counters struct{ shards [shardCount]shard }

type shard struct {
	mu    sync.Mutex
	seen  map[sighting]int64
	spare map[sighting]int64 // emptied by a flush, kept for its memory
}

// add counts n sightings and reports false when there is no room.
func (c *counters) add(s sighting, n int64) bool {
	// The tail of a UUIDv7 is random.
	sh := &c.shards[binary.LittleEndian.Uint32(s.user[12:])%shardCount]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.seen == nil {
		sh.seen = map[sighting]int64{}
	}
	had := len(sh.seen)
	if had >= shardMax {
		if _, known := sh.seen[s]; !known {
			return false
		}
	}
	sh.seen[s] += n
	return true
}

// take visits everything that was counted and forgets it. Only one take runs at
// a time.
func (c *counters) take(visit func(s sighting, n int64)) {
	for i := range c.shards {
		sh := &c.shards[i]
		sh.mu.Lock()
		full := sh.seen
		sh.seen, sh.spare = sh.spare, nil
		sh.mu.Unlock()
		for s, n := range full {
			visit(s, n)
		}
		clear(full)
		sh.mu.Lock()
		sh.spare = full
		sh.mu.Unlock()
	}
}

// drop forgets what was counted of a user.
func (c *counters) drop(user uuid.UUID) {
	sh := &c.shards[binary.LittleEndian.Uint32(user[12:])%shardCount]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for s := range sh.seen {
		if s.user == user {
			delete(sh.seen, s)
		}
	}
}

// leaving remembers whom an erasure may have overtaken: what a flush took from
// the buffer before can be written after it.
type leaving struct {
	mu   sync.Mutex
	seen map[uuid.UUID]time.Time
}

// leaveFor is how long a transaction that erases may take to commit.
const leaveFor = time.Minute

func (l *leaving) add(user uuid.UUID, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[uuid.UUID]time.Time{}
	}
	l.seen[user] = now
}

// list returns who is leaving, and forgets those who left long ago.
func (l *leaving) list(now time.Time) []uuid.UUID {
	l.mu.Lock()
	defer l.mu.Unlock()
	var users []uuid.UUID
	for user, at := range l.seen {
		users = append(users, user)
		if now.Sub(at) > leaveFor {
			delete(l.seen, user)
		}
	}
	return users
}
