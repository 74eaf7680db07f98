// Package load sends requests over kept connections, as many at once as there
// are connections, and measures what comes back.
//
// What always holds: a run is bounded in count and in time, and goes to the
// loopback only. With a rate the requests have due times, and a latency counts
// from the due time: a server that stalls is charged for all it kept waiting.
//
// The client is a few reads and writes by hand: net/http's own would use more of
// the machine than the servers that are measured.
package load
