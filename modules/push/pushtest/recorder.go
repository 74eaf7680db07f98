package pushtest

import (
	"slices"
	"sync"

	"github.com/google/uuid"

	"galaxy/backend/modules/push"
	"galaxy/backend/platform/pg"
)

// Recorder implements the Pusher and Invalidator ports of the domains that push.
// It keeps what committed transactions published, in the order of their commits.
// The zero value is ready, and safe for concurrent use.
type Recorder struct {
	mu            sync.Mutex
	published     []push.Outgoing
	invalidations []push.Invalidation
}

// Publish keeps the event once tx has committed.
func (r *Recorder) Publish(tx *pg.Tx, o push.Outgoing) {
	tx.OnCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.published = append(r.published, o)
	})
}

// Invalidate keeps the invalidations once tx has committed.
func (r *Recorder) Invalidate(tx *pg.Tx, inv ...push.Invalidation) {
	tx.OnCommit(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.invalidations = append(r.invalidations, inv...)
	})
}

// Published lists the events, oldest first.
func (r *Recorder) Published() []push.Outgoing {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.published)
}

// Invalidations lists the invalidations, oldest first.
func (r *Recorder) Invalidations() []push.Invalidation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.invalidations)
}

// InvalidatedSessions lists the device session of every invalidation.
func (r *Recorder) InvalidatedSessions() []uuid.UUID {
	var ids []uuid.UUID
	for _, inv := range r.Invalidations() {
		ids = append(ids, inv.DeviceSessionID)
	}
	return ids
}
