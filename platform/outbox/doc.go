// Package outbox is how the backend keeps work that must survive a crash: a row
// that is claimed with a token and a lease. Mail, notification routes,
// convergence and turn runs share it; the states stay in the domains.
//
// A queue is a table with these columns beside the domain's own:
//
//		claim_token     uuid        NULL
//		lease_until     timestamptz NULL
//		attempts        integer     NOT NULL DEFAULT 0
//		next_attempt_at timestamptz NOT NULL
//
//	 1. Claim takes due rows with SKIP LOCKED, a few at a time, in a transaction
//	    of its own. It counts the attempt, so that a row that kills its worker
//	    is finite, and gives every row a fresh token and a lease.
//	 2. The work runs with no transaction open. Extend prolongs the lease of work
//	    that takes long.
//	 3. The domain settles the row with an UPDATE guarded by claim_token. A worker
//	    that overslept its lease finds another token and changes nothing.
//	 4. A row whose lease ran out is due again. The one active backend ends the
//	    leases that the process before it left, with its first claim.
//
// Leases are judged by the database's clock alone, due times by the clock that
// the caller passes, the one that wrote next_attempt_at.
package outbox
