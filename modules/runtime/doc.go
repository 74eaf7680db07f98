// Package runtime keeps one engine running per game that wants one.
//
// It owns runtime_records, runtime_operations and runtime_instance. One idea
// carries it: requests change the desired state, and convergence makes the
// observed state follow.
//
//   - Start, Stop, Restart and Remove write what is desired and an operation in
//     the caller's transaction, and nothing else. The workers are woken after the
//     commit; the table is the truth, so a signal that is lost costs a moment.
//   - Convergence observes, decides one step, takes it and records it, as often
//     as needed. Every step may be repeated, so a crash, a lost event or a daemon
//     that restarts needs no code of its own. What to do is decided by a pure
//     function of the record and the observation.
//   - Whoever works on a game holds its lease: convergence, or a turn run through
//     Lease. A request that comes while a step is taken makes the step's record
//     void, and the next look starts from what is there.
//   - Observers are told of every change in the transaction that records it,
//     before the record itself is written: they lock the game, which comes first
//     in the lock order.
//   - A driver that is unavailable changes nothing. Nothing is marked removed, no
//     attempt is counted, requests are queued, and the backend stays up.
//   - start_failed and crashed are final for their generation. A stop that was
//     requested is never a crash.
//   - An engine is initialized once. Its init request stays in the record and is
//     not sent again; an engine that forgot its game is an alarm, not a new game.
package runtime
