package schedule

import "time"

// maxLateness is how late a turn may be and still count as made at its deadline,
// so that an interval does not drift by the time that making turns takes.
const maxLateness = 5 * time.Minute

// Next returns the deadline that follows from when nothing else is known, and
// false in a manual game. It is at least MinGap away, an interval excepted that
// Limits allowed to be shorter.
func (s Settings) Next(from time.Time) (time.Time, bool) {
	switch s.Mode {
	case Interval:
		return from.Add(s.Interval).UTC(), s.Interval > 0
	case Grid:
		return s.nextSlot(from.UTC().Add(MinGap))
	case Manual:
	}
	return time.Time{}, false
}

// First returns the first deadline of a game that starts now.
func (s Settings) First(now time.Time) (time.Time, bool) {
	return s.Next(now.Add(max(s.FirstTurnExtra, 0)))
}

// Following returns the deadline after a turn that was made at now and had been
// due at due; the zero due stands for none. A turn before due is an early one:
//
//   - An interval counts from the early turn.
//   - A grid skips the one slot that the early turn took the place of. A second
//     early turn before that slot skips no further one.
//
// A turn after due is the only one that catches up, however many were missed.
func (s Settings) Following(due, now time.Time) (time.Time, bool) {
	if due.IsZero() || s.Mode == Manual {
		return s.Next(now)
	}
	early := now.Before(due)
	if s.Mode == Interval {
		if late := now.Sub(due); !early && late < min(maxLateness, s.Interval/10) {
			return s.Next(due)
		}
		return s.Next(now)
	}
	if early {
		taken, ok := s.Next(now)
		if !ok {
			return taken, false
		}
		return s.Next(taken)
	}
	next, ok := s.Next(due)
	if ok && next.Sub(now) < MinGap/2 { // that slot has passed, or as good as passed
		return s.Next(now)
	}
	return next, ok
}

// Extension is how much of by may still be added to a deadline that was extended
// by total already. A negative by takes nothing back.
func (s Settings) Extension(total, by time.Duration) time.Duration {
	return max(min(by, s.MaxExtend-total), 0)
}

// Remaining is what a pause at now keeps of the time until due; nothing of a
// deadline that has passed.
func Remaining(due, now time.Time) time.Duration { return max(due.Sub(now), 0) }

// Resumed is the deadline of a game that resumes at now with time remaining.
func Resumed(now time.Time, remaining time.Duration) time.Time {
	return now.Add(max(remaining, 0)).UTC()
}
