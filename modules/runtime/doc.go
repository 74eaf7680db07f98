// Package runtime keeps one engine running per game that wants one.
//
// It owns engine_versions, runtime_records, runtime_operations and
// runtime_instance. One idea carries it: requests change the desired state, and
// converge makes the observed state follow.
//
//   - Start, Stop, Restart and Remove write a wish and an operation in the
//     caller's transaction, and nothing else. The workers are woken after the
//     commit; the table is the truth, so a lost wake-up costs a moment.
//   - converge looks, decides one step, does it and records it, as often as
//     needed. Every step may be repeated, so a crash, a lost event or a daemon
//     that restarts needs no code of its own.
//   - Whoever works on a game holds its lease: converge, or a turn run through
//     Lease. A wish that changed while a step was taken makes the step's record
//     void, and the next look starts from what is there.
//   - Observers hear of every change in the transaction that records it, before
//     the record itself is written: they lock the game, which comes first in
//     the lock order.
//   - A driver that cannot be asked changes nothing. Nothing is marked removed,
//     no attempt is counted, requests are queued, and the backend stays up.
//   - start_failed and crashed are final for their generation. A stop that was
//     asked for is never a crash.
//   - An engine is founded once. Its document stays in the record and is not
//     sent again; an engine that forgot its game is an alarm, not a new game.
package runtime
