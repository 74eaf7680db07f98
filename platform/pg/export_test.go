package pg

import "time"

// Unexported rules that are tested as tables.
var (
	Translate    = translate
	Retriable    = retriable
	NotCommitted = notCommitted

	ErrContended  = errContended
	ErrRolledBack = errRolledBack
)

// StripeTimeout is how long an attempt waits with a statement timeout.
func StripeTimeout(statement time.Duration, attempt int) time.Duration {
	return (&DB{timeout: statement}).stripeTimeout(attempt)
}

// ExpireValidity lets the last check of a lock run out.
func ExpireValidity(l *LeaderLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.validUntil = time.Time{}
}

// Recheck asks the watch of a lock for a check at once.
func Recheck(l *LeaderLock) { l.requestCheck() }
