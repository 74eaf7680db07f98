package clock

import "time"

// Clock tells the time and wakes those who wait for it.
type Clock interface {
	// Now is the current time in UTC, cut to microseconds.
	Now() time.Time
	// NewTimer sends the time once after d. A d that is not positive fires at once.
	NewTimer(d time.Duration) Timer
}

// Timer is a wake-up that can be called off.
type Timer interface {
	// C delivers the time of the wake-up, once.
	C() <-chan time.Time
	// Stop calls it off. It reports whether the timer had not fired yet.
	Stop() bool
}

// System is the machine's clock.
type System struct{}

// Now implements Clock.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// NewTimer implements Clock.
func (System) NewTimer(d time.Duration) Timer { return systemTimer{time.NewTimer(d)} }

type systemTimer struct{ t *time.Timer }

func (s systemTimer) C() <-chan time.Time { return s.t.C }
func (s systemTimer) Stop() bool          { return s.t.Stop() }
