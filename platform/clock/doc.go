// Package clock is the backend's only source of time for decisions: what is
// due, expired or throttled.
//
// Services take a Clock, so that a test can move time by hand. System answers
// in UTC, at the microsecond that Postgres keeps, so that a time that was
// written and read back equals the one in memory. Durations that are only
// measured (metrics, log fields) use time.Now and do not come from here.
package clock
