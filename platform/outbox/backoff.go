package outbox

import (
	"math"
	"math/rand/v2"
	"time"
)

// Backoff spreads retries: exponential, capped, with jitter so that what failed
// together does not come back together.
type Backoff struct {
	Base   time.Duration // ceiling of the first wait
	Factor float64       // growth per attempt
	Max    time.Duration // no wait is longer
	// Floor is the share of the ceiling that is always waited, 0 (full jitter,
	// the wait may be anything) to 1 (none).
	Floor float64
}

// Ceiling is the longest wait after the given attempt, which counts from 1.
func (b Backoff) Ceiling(attempt int) time.Duration {
	d := float64(b.Base) * math.Pow(b.Factor, float64(max(attempt, 1)-1))
	return time.Duration(min(d, float64(b.Max)))
}

// Next draws the wait after the given attempt.
func (b Backoff) Next(attempt int) time.Duration {
	ceiling := float64(b.Ceiling(attempt))
	return time.Duration(ceiling * (b.Floor + (1-b.Floor)*rand.Float64()))
}
