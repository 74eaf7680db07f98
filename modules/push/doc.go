// Package push owns the stream to the gateways: gRPC SubscribePush, the only
// channel that the backend initiates messages on.
//
// It owns no table. Events live in a ring in memory, by count and by
// BACKEND_FRESHNESS_WINDOW; what push misses is in the users' inboxes and, for
// revoked sessions, replayed from the database.
//
// What always holds:
//
//   - Cursors are zero-padded decimal uint64. The counter starts at the process's
//     start in microseconds, so cursors also grow from one process to the next,
//     and a cursor below the start is recognised as an earlier process's. That
//     start is the epoch. A gateway that sends the epoch back is safe even from a
//     clock that was set back.
//   - Within a stream cursors strictly grow. A resume yields the retained events
//     after the cursor; where something is missing a Gap says so, in its place.
//   - Publishing never blocks. Each subscriber has a bounded queue; past it the
//     oldest client event is dropped, counted, and a Gap stands where it was. A
//     SessionInvalidation is never dropped: a subscriber with too many of them
//     waiting is disconnected and gets them replayed when it reconnects.
//   - A gateway that subscribes without a cursor that this process can serve is
//     first told all revocations of the last BACKEND_FRESHNESS_WINDOW; one whose
//     stream broke before the last of them is told again. So is every gateway
//     after a revocation whose commit has an unknown outcome.
//   - A resume is bounded by the ring, not by the queue of a slow reader.
//   - One live stream per gateway_client_id; a newer one ends the older with
//     Aborted. A gateway that reads nothing for ten seconds is disconnected with
//     ResourceExhausted.
//   - Events leave a transaction with its commit (Publish, Invalidate) and are
//     encoded once, whatever the number of subscribers.
package push
