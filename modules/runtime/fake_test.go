package runtime

import (
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"galaxy/backend/modules/engine"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// fakeEngines answers for all engines alike. A game that was initialized stays
// so, whatever becomes of its container.
type fakeEngines struct {
	mu          sync.Mutex
	initialized map[uuid.UUID]enginev1.InitRequest
	inits       int
	probes      map[uuid.UUID]int
	health      func() error
	initError   error
	lostInit    error // the answer of init gets lost once
	statusError error
	status      *enginev1.Status // instead of the game's own
}

func newFakeEngines() *fakeEngines {
	return &fakeEngines{initialized: map[uuid.UUID]enginev1.InitRequest{}, probes: map[uuid.UUID]int{}}
}

// set changes how engines answer from now on.
func (e *fakeEngines) set(change func(e *fakeEngines)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

// fail makes every health check return err.
func (e *fakeEngines) fail(err error) {
	e.set(func(e *fakeEngines) { e.health = func() error { return err } })
}

func (e *fakeEngines) Health(_ context.Context, game uuid.UUID) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.probes[game]++
	if e.health == nil {
		return nil
	}
	return e.health()
}

func (e *fakeEngines) Init(_ context.Context, game uuid.UUID, req enginev1.InitRequest) (enginev1.Status, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inits++
	if e.initError != nil {
		return enginev1.Status{}, e.initError
	}
	if old, there := e.initialized[game]; there && old.Seed != req.Seed {
		return enginev1.Status{}, engine.ErrAlreadyInitialized
	}
	e.initialized[game] = req
	if err := e.lostInit; err != nil {
		e.lostInit = nil
		return enginev1.Status{}, err
	}
	s := statusOf(game)
	s.Seed = req.Seed
	return s, nil
}

func (e *fakeEngines) Status(_ context.Context, game uuid.UUID) (enginev1.Status, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.statusError != nil {
		return enginev1.Status{}, e.statusError
	}
	if e.status != nil {
		return *e.status, nil
	}
	if _, there := e.initialized[game]; !there {
		return enginev1.Status{ContractVersion: 1, State: enginev1.StateUninitialized}, nil
	}
	return statusOf(game), nil
}

func statusOf(game uuid.UUID) enginev1.Status {
	id, turn := game.String(), 0
	return enginev1.Status{ContractVersion: 1, GameID: &id, State: enginev1.StateRunning, Turn: &turn}
}

// recorder is an observer that keeps what committed transactions told it.
type recorder struct {
	mu      sync.Mutex
	name    string
	changes []Change
	fails   error
	hook    func(ctx context.Context, tx *pg.Tx, c Change) error
}

func (r *recorder) Name() string { return r.name }

func (r *recorder) RuntimeChanged(ctx context.Context, tx *pg.Tx, c Change) error {
	r.mu.Lock()
	hook, fails := r.hook, r.fails
	r.mu.Unlock()
	if fails != nil {
		return fails
	}
	tx.OnCommit(func() { r.mu.Lock(); defer r.mu.Unlock(); r.changes = append(r.changes, c) })
	if hook != nil {
		return hook(ctx, tx, c)
	}
	return nil
}

// told lists the changes as "observed" or "observed operation".
func (r *recorder) told() []string {
	out := []string{}
	for _, c := range r.all() {
		text := c.Observed
		if c.Operation != "" {
			text += " " + c.Operation
		}
		out = append(out, text)
	}
	return out
}

func (r *recorder) all() []Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.changes)
}

// last is the newest change.
func (r *recorder) last() Change {
	all := r.all()
	return all[len(all)-1]
}

func (r *recorder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changes = nil
}
