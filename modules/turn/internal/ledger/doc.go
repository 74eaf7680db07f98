// Package ledger keeps what was asked of engines and what players sent in: the
// runs and the receipts. It decides nothing; package turn does.
//
// Tables: turn_runs, turn_submissions. Whoever writes holds the game's lock, or
// the claim on the run.
package ledger
