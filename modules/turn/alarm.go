package turn

import (
	"sync"
	"time"

	"galaxy/backend/platform/clock"
)

// alarm rings once at the time it was set to last. It only makes the sweep
// punctual; a ring too many or too few does no harm.
type alarm struct {
	clock clock.Clock
	ring  func()
	set   chan time.Time // holds the newest setting

	mu   sync.Mutex
	quit chan struct{}
	done chan struct{}
}

func newAlarm(clk clock.Clock, ring func()) *alarm {
	return &alarm{clock: clk, ring: ring, set: make(chan time.Time, 1)}
}

// at sets the alarm. The pass of one loop is its only caller.
func (a *alarm) at(t time.Time) {
	select {
	case <-a.set:
	default:
	}
	a.set <- t
}

func (a *alarm) start() {
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

func (a *alarm) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.quit == nil {
		return
	}
	close(a.quit)
	<-a.done
	a.quit, a.done = nil, nil
}

func (a *alarm) run(quit <-chan struct{}) {
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
func (a *alarm) wait(quit <-chan struct{}, t time.Time) bool {
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
