// Package pgwrite is a lint rule for two findings about the driver: a
// statement that writes runs only in an explicit transaction.
//
// Why: pgx through database/sql runs an argument-less statement a second time
// when the reply is lost, and pgconn.SafeToRetry calls a COMMIT that took place
// safe to repeat. So the analyzer refuses
//
//   - a writing statement passed to pg.Get or pg.All with anything but a *pg.Tx
//     (a pg.Querier may turn out to be a *pg.DB),
//   - a statement that is not put together from constants alone, whose nature
//     nobody can check, and which is how values get spliced into SQL,
//   - database/sql, pgx and sqlx outside platform/,
//   - pgconn.SafeToRetry anywhere.
//
// In tests only the first of these holds.
package pgwrite
