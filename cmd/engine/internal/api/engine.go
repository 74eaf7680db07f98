package api

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"galaxy/backend/cmd/engine/internal/game"
	"galaxy/backend/cmd/engine/internal/store"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Options are what an engine is started with. The functions have defaults; tests
// replace them.
type Options struct {
	Version    string // of the engine
	GameID     string // the only game that init accepts; "" for any
	AdminToken string // bearer token of the admin operations; "" for none
	Log        *zap.Logger
	// LockWait is how long a command waits for a turn that is being generated.
	LockWait time.Duration
	Now      func() time.Time
	NewSeed  func() uint64 // a seed
	Advance  func(*game.Config, *game.State, game.Lists) *game.Turn
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.LockWait == 0 {
		o.LockWait = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewSeed == nil {
		o.NewSeed = randomSeed
	}
	if o.Advance == nil {
		o.Advance = game.Advance
	}
	return o
}

func randomSeed() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// Engine serves one game from one state directory.
type Engine struct {
	options    Options
	store      *store.Store
	writer     chan struct{} // a semaphore of one: taking its token allows writing
	view       atomic.Pointer[view]
	generating atomic.Bool
	closing    atomic.Bool
	reports    *reportCache
	past       pastTurns
}

// New loads the directory. A damaged directory gives an engine in state failed,
// which still serves reads of undamaged turns.
func New(s *store.Store, options Options) *Engine {
	e := &Engine{
		options: options.withDefaults(), store: s, writer: make(chan struct{}, 1), reports: newReportCache(),
	}
	e.writer <- struct{}{}
	v := e.loadView()
	e.view.Store(v)
	if v.failed != nil {
		e.options.Log.Error("state directory refused", zap.Error(v.failed))
	}
	return e
}

// NewFailed is an engine without a state directory; it serves the status and the
// reason of the failure.
func NewFailed(cause error, options Options) *Engine {
	e := &Engine{options: options.withDefaults(), writer: make(chan struct{}, 1), reports: newReportCache()}
	e.writer <- struct{}{}
	e.view.Store(&view{failed: cause})
	e.options.Log.Error("state directory unusable", zap.Error(cause))
	return e
}

// Close refuses new requests; those under way are finished.
func (e *Engine) Close() { e.closing.Store(true) }

// acquireWriter waits for the write lock; release returns it.
func (e *Engine) acquireWriter(ctx context.Context, wait time.Duration) (release func(), err error) {
	var timeout <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-e.writer:
		return func() { e.writer <- struct{}{} }, nil
	case <-timeout:
		return nil, newFailure(enginev1.CodeBusy, "a turn is being generated; try again")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// writableView returns the view of a game that accepts writes.
func (e *Engine) writableView() (*view, error) {
	v := e.view.Load()
	switch {
	case v.failed != nil:
		return nil, toFailure(v.failed)
	case v.game == nil:
		return nil, newFailure(enginev1.CodeNotInitialized, "the game has not been initialized")
	}
	return v, nil
}
