// Package account reads what processes used from the operating system's own
// books, /proc: CPU time with that of children that have ended, resident
// memory, and what everybody together used.
//
// What always holds: two readings can be subtracted. CPU of a process that ended
// in between is in its parent's books, so a Postgres whose backends come and go
// loses nothing. The books count in ticks of 10 ms, one percent of a core over
// one second.
package account
