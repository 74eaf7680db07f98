// Package admin owns the operators of the platform: their accounts, who is who
// on the admin surface, what each may do, and the record of what they did.
//
// It owns admin_accounts and admin_audit. It is the lowest domain: every other
// domain's admin routes record their mutations here, in their own transaction.
//
// What always holds:
//
//   - Passwords are stored as bcrypt of cost 12 and have 15 to 72 bytes; longer
//     ones are refused when set and when verified, because bcrypt ignores what
//     comes after byte 72.
//   - A verified credential is remembered for five minutes under a keyed hash,
//     in memory, and forgotten when the account changes. At most one bcrypt runs
//     at a time, for checks and for new hashes, and few may wait for it. Tries
//     are throttled per source network and user name; a credential that has been
//     right for the present password passes the throttle also when its five
//     minutes are over: an attacker cannot lock a working operator out.
//   - An unknown user name costs the same work and gets the same answer as a
//     wrong password. What nobody can have, by its form or length, costs nothing.
//   - There is always an enabled account of role admin: the last one can be
//     neither disabled nor demoted.
//   - Every mutation on the admin surface leaves exactly one audit row: a success
//     in the transaction of the change (Record), a refusal or failure in one of
//     its own at the edge (Refused). A trigger refuses to change or delete rows.
//     Those who are not signed in get a row a second at the most, after the first
//     300: they must not fill a log that cannot be shortened.
//
// User names are lower case; another case names the same account.
package admin
