// Package turn makes turns happen: the clock of every game that has started,
// the runs that were asked of engines, and what players send in.
//
// Tables: turn_clocks, turn_runs, turn_submissions.
//
// How a turn is made:
//
//  1. A run is queued: the deadline came (due), everybody is ready (ready), an
//     operator asked (manual, retry). A game has at most one live run.
//  2. A runner claims it and takes the game's lease from runtime, so that
//     nothing patches or restarts the engine meanwhile.
//  3. The engine is asked where it is. At the clock's turn it has to generate,
//     one ahead it has done so for an earlier attempt, anywhere else somebody
//     interfered: the game pauses (state_mismatch) and nothing is written.
//  4. The engine is told which turn must exist. A repeat is harmless.
//  5. One transaction records it, guarded by the clock's turn and the claim:
//     clock, run, outcomes, the game's snapshot, notifications.
//
// What always holds:
//
//   - The engine is at the clock's turn or one ahead.
//   - A turn is recorded, announced and counted exactly once, whatever crashes
//     between the steps.
//   - No engine is told to generate for a game that is not running.
//   - Whoever changes a clock holds the game's row first (LockGame, or an
//     observer inside the transaction that changes the game), then the clock's.
//   - The sweep is the truth: alarms and signals only make it faster. After any
//     time without a sweep at most one turn catches up.
//   - What the clock or the players asked for is checked again once the engine is
//     leased: a deadline that moved, readiness that was withdrawn, ends it. What
//     an operator asked for is made.
//   - A turn waits only for races in play that somebody plays. When a member
//     leaves, a race is banished or a seat is taken over, that is counted at once,
//     not at the next request.
//   - A run that turned out not to be wanted before the engine was asked leaves
//     no row; every attempt to generate leaves one.
//
// A player's turn number is the turn they see: orders for turn 12 are executed
// when turn 13 is generated. Missed turns are the host's policy alone: the
// engine counts idle turns and never removes anybody for them. Only a turn whose
// deadline had come can pause a game in which everybody missed it, or that nobody
// plays any more; one that an operator made at will does not.
package turn
