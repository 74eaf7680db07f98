// Package anchor is the baseline that the product is compared with: the same
// answers, given by a minimal program on the same libraries.
//
//	GET  /json    an account as JSON, from memory
//	GET  /row     one account by its primary key
//	GET  /public  ten public games, newest first
//	GET  /mine    ten games of one owner, newest first
//	POST /bare    one pipelined transaction, then a frame on the gateways' stream
//	POST /insert  one row, with what a device sends to sign in
//	GET  /seen    one upsert that counts the user's request
//	GET  /readyz  a ping of the database
//
// The reads run on the product's own tables, so both sides read the same rows.
// Nothing here checks, authenticates, validates, counts or traces anything.
package anchor
