package drivertest

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/driver"
)

// Hook is asked around a call of a Fake. op is the method's name in lower case,
// such as "ensure"; game is Nil for calls about no game. Its error is the call's.
type Hook func(op string, game uuid.UUID) error

// Fake is a driver that keeps engines in memory, for the tests of what uses a
// driver. As the port asks for, every call can be repeated. It is safe for
// concurrent use; hooks run outside of its lock and may call it.
type Fake struct {
	mu            sync.Mutex
	engines       map[uuid.UUID]driver.Observed
	calls         map[string]int
	before, after Hook
	pulled        driver.PullResult
	hints         chan driver.Hint
	made          int
}

var _ driver.Driver = (*Fake)(nil)

// NewFake makes a driver without engines.
func NewFake() *Fake {
	return &Fake{engines: map[uuid.UUID]driver.Observed{}, calls: map[string]int{}, hints: make(chan driver.Hint)}
}

// Before has hook asked before every call; nothing happens when it fails.
func (f *Fake) Before(hook Hook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = hook
}

// After has hook asked when a call has taken place: its answer may be lost.
func (f *Fake) After(hook Hook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.after = hook
}

// Fail makes the calls of the given names fail from now on, and all others
// succeed.
func (f *Fake) Fail(err error, ops ...string) {
	f.Before(func(op string, _ uuid.UUID) error {
		if slices.Contains(ops, op) {
			return err
		}
		return nil
	})
}

// SetPull is what pulls result in.
func (f *Fake) SetPull(result driver.PullResult) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pulled = result
}

// Change changes or makes a game's engine behind its user's back.
func (f *Fake) Change(game uuid.UUID, change func(o *driver.Observed)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.engines[game]
	change(&o)
	f.engines[game] = o
}

// Lose removes a game's engine behind its user's back.
func (f *Fake) Lose(game uuid.UUID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.engines, game)
}

// Hint sends a hint to whoever watches, and waits until somebody does.
func (f *Fake) Hint(h driver.Hint) { f.hints <- h }

// Calls is how often an operation was called.
func (f *Fake) Calls(op string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[op]
}

// Engine is the game's engine, with an empty phase when there is none.
func (f *Fake) Engine(game uuid.UUID) driver.Observed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.engines[game]
}

// Engines are all engines, in no order.
func (f *Fake) Engines() []driver.Observed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Values(f.engines))
}

// Made is how many engines were made anew.
func (f *Fake) Made() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.made
}

func (f *Fake) call(op string, game uuid.UUID, do func() error) error {
	f.mu.Lock()
	f.calls[op]++
	before, after := f.before, f.after
	f.mu.Unlock()
	if before != nil {
		if err := before(op, game); err != nil {
			return err
		}
	}
	f.mu.Lock()
	err := do()
	f.mu.Unlock()
	if err == nil && after != nil {
		err = after(op, game)
	}
	return err
}

// Ensure implements driver.Driver.
func (f *Fake) Ensure(_ context.Context, s driver.Spec) (o driver.Observed, err error) {
	err = f.call("ensure", s.GameID, func() error {
		o = f.engines[s.GameID]
		same := o.Version == s.Version && o.Generation == s.Generation
		switch {
		case o.Foreign:
			return driver.ErrForeign
		case o.Phase == driver.PhaseRunning && !same:
			return driver.ErrConflict
		case o.Phase == driver.PhaseRunning:
			return nil
		case o.Phase == "" || !same:
			f.made++
			o = driver.Observed{
				GameID: s.GameID, Version: s.Version, Image: s.Image, Generation: s.Generation,
				Name: driver.Name(s.GameID), ContainerID: fmt.Sprintf("c%d", f.made),
			}
		}
		o.Phase, o.ExitCode = driver.PhaseRunning, 0
		f.engines[s.GameID] = o
		return nil
	})
	return o, err
}

// Stop implements driver.Driver.
func (f *Fake) Stop(_ context.Context, game uuid.UUID, _ time.Duration) error {
	return f.call("stop", game, func() error {
		if o := f.engines[game]; o.Phase == driver.PhaseRunning {
			o.Phase = driver.PhaseExited
			f.engines[game] = o
		}
		return nil
	})
}

// Remove implements driver.Driver.
func (f *Fake) Remove(_ context.Context, game uuid.UUID) error {
	return f.call("remove", game, func() error { delete(f.engines, game); return nil })
}

// Inspect implements driver.Driver.
func (f *Fake) Inspect(_ context.Context, game uuid.UUID) (o driver.Observed, err error) {
	err = f.call("inspect", game, func() error {
		var there bool
		if o, there = f.engines[game]; !there {
			o = driver.Observed{GameID: game, Phase: driver.PhaseAbsent}
		}
		return nil
	})
	return o, err
}

// List implements driver.Driver.
func (f *Fake) List(context.Context) (all []driver.Observed, err error) {
	err = f.call("list", uuid.Nil, func() error { all = slices.Collect(maps.Values(f.engines)); return nil })
	return all, err
}

// Watch implements driver.Driver.
func (f *Fake) Watch(ctx context.Context) <-chan driver.Hint {
	out := make(chan driver.Hint)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case h := <-f.hints:
				select {
				case out <- h:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// DialContext implements driver.Driver: there is nothing to speak to.
func (f *Fake) DialContext(context.Context, string, string) (net.Conn, error) {
	return nil, driver.ErrNotFound
}

// Pull implements driver.Driver.
func (f *Fake) Pull(context.Context, string, driver.PullPolicy) (r driver.PullResult, err error) {
	err = f.call("pull", uuid.Nil, func() error { r = f.pulled; return nil })
	return r, err
}

// Logs implements driver.Driver.
func (f *Fake) Logs(_ context.Context, game uuid.UUID, n int) (lines []string, err error) {
	err = f.call("logs", game, func() error {
		if f.engines[game].Phase == "" {
			return driver.ErrNotFound
		}
		for i := range n {
			lines = append(lines, fmt.Sprintf("line %d", i+1))
		}
		return nil
	})
	return lines, err
}

// Stats implements driver.Driver.
func (f *Fake) Stats(_ context.Context, game uuid.UUID) (s driver.Stats, err error) {
	err = f.call("stats", game, func() error {
		if f.engines[game].Phase != driver.PhaseRunning {
			return driver.ErrNotFound
		}
		s = driver.Stats{CPU: 3 * time.Second, Memory: 5 << 20, MemoryLimit: 64 << 20, Pids: 7}
		return nil
	})
	return s, err
}

// Close implements driver.Driver.
func (f *Fake) Close(context.Context) error { return nil }
