// Package admin owns the platform's operators: their accounts, authentication and
// roles on the admin surface, and the audit log of what they did.
//
// It owns admin_accounts and admin_audit. It is the lowest domain: every other
// domain's admin routes record their mutations here, in their own transaction.
//
// What always holds:
//
//   - Passwords are stored as bcrypt of cost 12 and have 15 to 72 bytes; longer
//     ones are refused when set and when verified, because bcrypt ignores what
//     comes after byte 72.
//   - A verified credential is cached in memory for five minutes under a keyed
//     hash, and no longer valid once the account changes. At most one bcrypt runs
//     at a time, for checks and for new hashes, and few requests may wait for it.
//     Attempts are throttled per source network and user name. A credential that
//     was valid for the present password passes the throttle even after its five
//     minutes: guessing cannot lock out an operator who has signed in.
//   - An unknown user name costs the same work and gets the same answer as a
//     wrong password. A user name or password that no account can have is refused
//     at no cost.
//   - There is always an enabled account of role admin: the last one can be
//     neither disabled nor demoted.
//   - Every mutation on the admin surface leaves exactly one audit row: a success
//     in the transaction of the change (Record), a refusal or failure in one of
//     its own at the edge (Refused). A trigger refuses to change or delete rows.
//     Unauthenticated requests leave at most 300 rows at once and then one a
//     second: they must not fill a log that cannot be shortened.
//
// User names are lower case; another case names the same account.
package admin
