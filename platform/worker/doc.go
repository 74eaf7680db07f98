// Package worker runs the backend's background work: a Loop that a signal or a
// period wakes, an Alarm that wakes it at a given time, and a bounded Pool.
//
// Start returns once the worker runs, Stop waits until it does not; both may be
// called any number of times, in any order, from anywhere. A stopped worker
// starts no new pass; the one under way keeps its context until the stop's own
// budget is over, so that what has begun can end and be recorded.
//
// A pass that panics is a failed pass: counted, logged with its stack, and the
// loop goes on. The period is the truth and a wake-up only makes it faster.
package worker
