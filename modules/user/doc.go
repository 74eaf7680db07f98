// Package user owns people: their accounts, plans and limits, sanctions, and the
// deletion of an account.
//
// It owns accounts, former_emails, entitlement_records, entitlement_snapshots,
// limit_overrides, sanctions and account_notes.
//
// What always holds:
//
//   - An address belongs to one live account. Two addresses are one when their
//     canonical forms are equal: lower-case ASCII, nothing else is folded.
//   - A user name is generated, unique for ever and never changes.
//   - The plan of a user is what the newest record says until it ends; then it is
//     free, at that instant, and the sweeper writes the record that says so. The
//     same goes for sanctions and overrides with an end: readers judge by the
//     time, the sweeper completes the history. Records are append-only.
//   - The user surface reads memory: account, plan, limits and sanctions of a user
//     are one cached record, written through by every transaction that changes
//     one of them. All of these lock the account's row first.
//   - A permanent block and a deletion take effect in one transaction: sessions,
//     seats, names and counters go through the Departure hooks.
//   - Deletion frees the address at once. For the grace period an operator can
//     restore the account if nobody took the address meanwhile; after it the
//     personal columns are emptied, the mail to all of its addresses is erased,
//     the notes are dropped and a tombstone stays.
//
// A user without an account, or with a deleted one, is 401 user_unknown on the
// user surface, a blocked one 403 account_blocked.
package user
