// Package load sends requests over keep-alive connections, one at a time on each,
// and measures the responses.
//
// What always holds: a run is bounded in count and in time, and goes to the
// loopback only. With a rate the requests have due times, and a latency counts
// from the due time: a server that stalls has high latencies for all requests that
// were due meanwhile.
//
// The client is written by hand: net/http's would use more CPU time than the
// servers that are measured.
package load
