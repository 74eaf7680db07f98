package worker

import (
	"sync"
	"time"

	"galaxy/backend/platform/clock"
)

// Alarm calls a function once, at the time that it was set to last. It makes a
// loop punctual that looks by itself anyway: a call too many or too few does no
// harm.
type Alarm struct {
	clock clock.Clock
	fire  func()
	set   chan time.Time // holds the newest setting

	mu   sync.Mutex
	quit chan struct{}
	done chan struct{}
}

// NewAlarm makes a stopped alarm that calls fire.
func NewAlarm(clk clock.Clock, fire func()) *Alarm {
	return &Alarm{clock: clk, fire: fire, set: make(chan time.Time, 1)}
}

// Set replaces the time. One goroutine at a time calls it.
func (a *Alarm) Set(t time.Time) {
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

// Stop waits until the alarm can fire no more. It may be repeated.
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

// wait fires at t, or at the time of a newer setting. It reports false when the
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
			a.fire()
			return true
		}
	}
}
