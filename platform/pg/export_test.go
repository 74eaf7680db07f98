package pg

import "time"

// ExpireValidity lets the last check of a lock run out.
func ExpireValidity(l *LeaderLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.validUntil = time.Time{}
}

// Recheck asks the watch of a lock for a check at once.
func Recheck(l *LeaderLock) { l.recheck <- struct{}{} }
