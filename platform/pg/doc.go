// Package pg is the backend's way to Postgres: one pool, one kind of
// transaction, and the only package besides platform/localpg that names a
// driver.
//
// Statements run natively on a pgxpool; sqlx maps rows to structs. database/sql
// serves the migrations alone: under it an argument-less statement whose reply is
// lost runs twice, and a command takes three times the round trips
// (docs/decisions/0003-native-pgx-mapped-by-sqlx.md has the figures).
//
// A writing statement belongs into a transaction: only Tx has Exec and Queue, and
// the sessions of a DB are read-only by default, so that the server refuses an
// INSERT that is hidden in a Get (docs/decisions/0018-read-only-by-default.md).
//
//   - Round trips: BEGIN travels with the first statement, what was queued and
//     COMMIT travel with the last. A transaction of queued statements alone is
//     one round trip.
//   - Autonomous is for what must stay although the transaction may fail (an
//     attempt at a code): committed before it, in the same round trip.
//   - OnCommit is the only way out of a transaction for push, wake-ups and
//     caches. What it registers runs after COMMIT, in order, never after a
//     rollback.
//   - Retries: a serialization failure, a deadlock or a timeout while waiting
//     for another commit of the same cache key runs the function again with a
//     fresh transaction, five times at most, so the function must have no
//     effects outside tx.
//   - A COMMIT that was sent and not answered has an unknown outcome:
//     ErrOutcomeUnknown, no retry. Every staged cache key is in doubt, read from
//     the database and not cached, until the server has ended the transaction.
//   - Times come back in UTC.
package pg
