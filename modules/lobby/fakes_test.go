package lobby

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/pg"
)

// recordingObserver keeps the changes of committed transactions, in the order of
// their commits.
type recordingObserver struct {
	mu      sync.Mutex
	changes []game.Change
}

// Name implements game.Observer.
func (*recordingObserver) Name() string { return "recorder" }

// GameChanged implements game.Observer.
func (o *recordingObserver) GameChanged(_ context.Context, tx *pg.Tx, c game.Change) error {
	tx.OnCommit(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.changes = append(o.changes, c)
	})
	return nil
}

func (o *recordingObserver) all() []game.Change {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.changes)
}

// events lists what was told, but for the ends of enrollments.
func (o *recordingObserver) events() []game.Event {
	out := []game.Event{}
	for _, c := range o.all() {
		if c.Event != game.EventEnrollmentEnded {
			out = append(out, c.Event)
		}
	}
	return out
}

// blocked lists the races that are to be banished.
func (o *recordingObserver) blocked() []game.BlockedRace {
	out := []game.BlockedRace{}
	for _, c := range o.all() {
		if c.Blocked != nil {
			out = append(out, *c.Blocked)
		}
	}
	return out
}

// fakeExpectation answers with what it was set to.
type fakeExpectation struct {
	mu       sync.Mutex
	expected map[uuid.UUID]game.Expect
}

// Name implements game.Expectation.
func (*fakeExpectation) Name() string { return "expectation" }

// Expected implements game.Expectation.
func (e *fakeExpectation) Expected(context.Context, uuid.UUID, []uuid.UUID) (map[uuid.UUID]game.Expect, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.expected, nil
}

func (e *fakeExpectation) set(id uuid.UUID, x game.Expect) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expected = map[uuid.UUID]game.Expect{id: x}
}

// unseen forgets that a user was there.
type unseen struct{}

// Seen implements httpx.UserSeen.
func (unseen) Seen(uuid.UUID, netip.Addr) {}
