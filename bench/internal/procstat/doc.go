// Package procstat reads the resource usage of processes from /proc: CPU time
// including that of ended children, resident memory, and the usage of the whole
// machine.
//
// What always holds: two readings can be subtracted. The CPU time of a process that
// ended in between is added to its parent's, so nothing of a Postgres is lost whose
// backends start and end. The unit is a tick of 10 ms, one percent of a core over
// one second.
package procstat
