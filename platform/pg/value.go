package pg

import "time"

// Microseconds is a time in the resolution and zone that the database gives it
// back in; nil stays nil.
func Microseconds(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC().Truncate(time.Microsecond)
	return &u
}
