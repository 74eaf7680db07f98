package clock

import (
	"slices"
	"sync"
	"time"
)

// Fake is a clock that stands still until a test moves it. It is safe for
// concurrent use.
type Fake struct {
	mu     sync.Mutex
	now    time.Time
	timers []*fakeTimer
	change chan struct{} // closed and replaced whenever the set of timers changes
}

// NewFake returns a clock that shows t.
func NewFake(t time.Time) *Fake {
	return &Fake{now: t.UTC().Truncate(time.Microsecond), change: make(chan struct{})}
}

// Now implements Clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// NewTimer implements Clock.
func (f *Fake) NewTimer(d time.Duration) Timer {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := &fakeTimer{clock: f, at: f.now.Add(d), c: make(chan time.Time, 1)}
	if d <= 0 {
		t.c <- f.now
		return t
	}
	f.timers = append(f.timers, t)
	f.changed()
	return t
}

// Advance moves the clock by d and fires what became due, in order.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moveTo(f.now.Add(d))
}

// Set moves the clock to t, also backwards. Only timers due by t fire.
func (f *Fake) Set(t time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moveTo(t.UTC().Truncate(time.Microsecond))
}

// BlockUntil waits until at least n timers are pending: the signal that the
// loop under test has gone back to waiting.
func (f *Fake) BlockUntil(n int) {
	for {
		f.mu.Lock()
		pending, change := len(f.timers), f.change
		f.mu.Unlock()
		if pending >= n {
			return
		}
		<-change
	}
}

func (f *Fake) moveTo(t time.Time) {
	f.now = t
	slices.SortStableFunc(f.timers, func(a, b *fakeTimer) int { return a.at.Compare(b.at) })
	due := 0
	for due < len(f.timers) && !f.timers[due].at.After(t) {
		f.timers[due].c <- t
		due++
	}
	if due > 0 {
		f.timers = slices.Delete(f.timers, 0, due)
		f.changed()
	}
}

func (f *Fake) changed() {
	close(f.change)
	f.change = make(chan struct{})
}

type fakeTimer struct {
	clock *Fake
	at    time.Time
	c     chan time.Time
}

func (t *fakeTimer) C() <-chan time.Time { return t.c }

func (t *fakeTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	i := slices.Index(t.clock.timers, t)
	if i < 0 {
		return false
	}
	t.clock.timers = slices.Delete(t.clock.timers, i, i+1)
	t.clock.changed()
	return true
}
