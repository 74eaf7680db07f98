package game

import (
	"context"
	"net/netip"
	"sync"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// recordingObserver keeps the changes of committed transactions, in the order of
// their commits.
type recordingObserver struct {
	mu      sync.Mutex
	changes []Change
	err     error
}

// Name implements Observer.
func (*recordingObserver) Name() string { return "recorder" }

// GameChanged implements Observer.
func (o *recordingObserver) GameChanged(_ context.Context, tx *pg.Tx, c Change) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	tx.OnCommit(func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.changes = append(o.changes, c)
	})
	return o.err
}

// failWith makes every change fail, until it is called with nil.
func (o *recordingObserver) failWith(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

// events lists what was told, but for the ends of enrollments.
func (o *recordingObserver) events() []Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := []Event{}
	for _, c := range o.changes {
		if c.Event != EventEnrollmentEnded {
			out = append(out, c.Event)
		}
	}
	return out
}

// of lists the changes of one kind.
func (o *recordingObserver) of(event Event) []Change {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []Change
	for _, c := range o.changes {
		if c.Event == event {
			out = append(out, c)
		}
	}
	return out
}

// enrollmentEnds lists why enrollments ended.
func (o *recordingObserver) enrollmentEnds() []string {
	out := []string{}
	for _, c := range o.of(EventEnrollmentEnded) {
		out = append(out, c.Reason)
	}
	return out
}

// blocked lists the races that are to be banished.
func (o *recordingObserver) blocked() []BlockedRace {
	out := []BlockedRace{}
	for _, c := range o.of(EventRaceBlocked) {
		out = append(out, *c.Blocked)
	}
	return out
}

// fakeExpectation answers with what it was set to, for the games that it is
// asked about.
type fakeExpectation struct {
	mu       sync.Mutex
	expected map[uuid.UUID]Expect
	asked    [][]uuid.UUID
	err      error
}

// Name implements Expectation.
func (*fakeExpectation) Name() string { return "expectation" }

// Expected implements Expectation.
func (e *fakeExpectation) Expected(_ context.Context, _ uuid.UUID, games []uuid.UUID) (map[uuid.UUID]Expect, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, games)
	out := map[uuid.UUID]Expect{}
	for _, id := range games {
		if x, ok := e.expected[id]; ok {
			out[id] = x
		}
	}
	return out, e.err
}

func (e *fakeExpectation) set(game uuid.UUID, x Expect) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.expected = map[uuid.UUID]Expect{game: x}
}

// fakeAccess lets those see a game to whom allow was called.
type fakeAccess struct {
	mu      sync.Mutex
	allowed map[[2]uuid.UUID]bool
	err     error
}

// Name implements Access.
func (*fakeAccess) Name() string { return "access" }

// MayKnow implements Access.
func (a *fakeAccess) MayKnow(_ context.Context, _ pg.Querier, game, user uuid.UUID) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.allowed[[2]uuid.UUID{game, user}], a.err
}

func (a *fakeAccess) allow(game, user uuid.UUID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.allowed == nil {
		a.allowed = map[[2]uuid.UUID]bool{}
	}
	a.allowed[[2]uuid.UUID{game, user}] = true
}

func (a *fakeAccess) failWith(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.err = err
}

// unseen forgets that a user was there.
type unseen struct{}

// Seen implements httpx.UserSeen.
func (unseen) Seen(uuid.UUID, netip.Addr) {}
