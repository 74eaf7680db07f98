// Package processdriver runs every engine as a child of the backend, listening
// on a free port of the loopback interface. It is for machines without a Docker
// daemon: an engine here has the backend's rights, and its limits on memory and
// CPU are requests to the Go runtime, not walls.
//
// What is known of an engine is a file, root/.process/{game_id}.json: process,
// port and the identity of the process, so that a backend that starts afresh
// finds the engine of the one before it and never mistakes another process that
// got the same number. The file also names the instance: a state root belongs to
// one installation, but may be left over from another one or copied with it.
//
// Children end with the backend: Close ends them in order, and where the
// backend dies the kernel asks them to (Linux). An engine that ended that way
// counts as created, not as crashed. The exit code of an adopted engine cannot
// be learned; it counts as created too.
package processdriver
