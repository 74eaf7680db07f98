// Package alarm wakes a loop at a time that changes.
package alarm

import (
	"sync"
	"time"

	"galaxy/backend/platform/clock"
)

// Alarm rings once at the time it was set to last. It only makes the sweep
// punctual; a ring too many or too few does no harm.
type Alarm struct {
	clock clock.Clock
	ring  func()
	set   chan time.Time // holds the newest setting

	mu   sync.Mutex
	quit chan struct{}
	done chan struct{}
}

// New makes a stopped alarm that calls ring.
func New(clk clock.Clock, ring func()) *Alarm {
	return &Alarm{clock: clk, ring: ring, set: make(chan time.Time, 1)}
}

// At sets the alarm. One goroutine at a time calls it.
func (a *Alarm) At(t time.Time) {
	select {
	case <-a.set:
	default:
	}
	a.set <- t
}

// Start may be repeated.
func (a *Alarm) Start() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.quit != nil {
		return
	}
	quit, done := make(chan struct{}), make(chan struct{})
	a.quit, a.done = quit, done
	go func() {
		defer close(done)
		a.run(quit)
	}()
}

// Stop waits until the alarm rings no more. It may be repeated.
func (a *Alarm) Stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.quit == nil {
		return
	}
	close(a.quit)
	<-a.done
	a.quit, a.done = nil, nil
}

func (a *Alarm) run(quit <-chan struct{}) {
	for {
		select {
		case <-quit:
			return
		case t := <-a.set:
			if !a.wait(quit, t) {
				return
			}
		}
	}
}

// wait rings at t, or goes back for a newer setting. It reports false when the
// alarm is to stop.
func (a *Alarm) wait(quit <-chan struct{}, t time.Time) bool {
	for {
		timer := a.clock.NewTimer(t.Sub(a.clock.Now()))
		select {
		case <-quit:
			timer.Stop()
			return false
		case t = <-a.set:
			timer.Stop()
		case <-timer.C():
			a.ring()
			return true
		}
	}
}
