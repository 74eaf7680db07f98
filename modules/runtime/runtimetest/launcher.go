package runtimetest

import (
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/pg"
)

// Launcher takes requests to start and stop engines and runs none. It keeps what
// committed transactions asked for, in the order of their commits. The zero value
// is ready, and safe for concurrent use.
type Launcher struct {
	mu     sync.Mutex
	starts []Start
	stops  []Stop
	err    error
}

// Start is a request to start an engine.
type Start struct {
	runtime.Spec
	By runtime.Source
}

// Stop is a request to stop the engine of a game.
type Stop struct {
	GameID uuid.UUID
	By     runtime.Source
}

// Start keeps the request once tx has been committed.
func (l *Launcher) Start(_ context.Context, tx *pg.Tx, spec runtime.Spec, by runtime.Source) (uuid.UUID, error) {
	return l.keep(tx, func() { l.starts = append(l.starts, Start{spec, by}) })
}

// Stop keeps the request once tx has been committed.
func (l *Launcher) Stop(_ context.Context, tx *pg.Tx, game uuid.UUID, by runtime.Source) (uuid.UUID, error) {
	return l.keep(tx, func() { l.stops = append(l.stops, Stop{game, by}) })
}

// FailWith makes every request return err, until it is called with nil.
func (l *Launcher) FailWith(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// Starts are the requests to start engines.
func (l *Launcher) Starts() []Start {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.starts)
}

// Stops are the requests to stop engines.
func (l *Launcher) Stops() []Stop {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.stops)
}

// Reset forgets all requests.
func (l *Launcher) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starts, l.stops = nil, nil
}

// keep returns the id of an operation that nobody will look at.
func (l *Launcher) keep(tx *pg.Tx, add func()) (uuid.UUID, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return uuid.Nil, l.err
	}
	tx.OnCommit(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		add()
	})
	return uuid.New(), nil
}
