package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// Queue describes a table of claimable rows. Its fields are SQL written in the
// domain's store, never input.
type Queue struct {
	Table string // "mail_deliveries"
	Key   string // the uuid primary key's column, "delivery_id"
	// Ready says which rows may be claimed once next_attempt_at has come, in
	// terms of alias q: "q.status IN ('pending','retrying')".
	Ready string
	// Busy says which rows are claimed and come back when their lease runs out:
	// "q.status = 'sending'".
	Busy string
	// Claimed sets the state of a claimed row: "status = 'sending'". It may be
	// empty for queues without such a state.
	Claimed string
	// Order overrides the order of claims; "q.next_attempt_at" when empty.
	Order string
}

// Claim is one row that the caller may work on until its lease runs out.
type Claim struct {
	Key     uuid.UUID `db:"key"`
	Token   uuid.UUID `db:"token"`
	Attempt int       `db:"attempt"` // counts from 1
	Rescued bool      `db:"rescued"` // an earlier worker's lease ran out
}

// MATERIALIZED, because LIMIT in a plain subquery may be exceeded. The row is
// judged again under its lock: SKIP LOCKED reads the newest version.
const claimSQL = `
WITH due AS MATERIALIZED (
    SELECT q.%[2]s AS key, (%[4]s) AS rescued
    FROM %[1]s q
    WHERE ((%[3]s) AND q.next_attempt_at <= $1 AND (q.lease_until IS NULL OR q.lease_until < clock_timestamp()))
       OR ((%[4]s) AND q.lease_until < clock_timestamp())
    ORDER BY %[6]s
    LIMIT $2
    FOR UPDATE SKIP LOCKED
)
UPDATE %[1]s t
SET claim_token = gen_random_uuid(), lease_until = clock_timestamp() + $3::interval, attempts = t.attempts + 1%[5]s
FROM due
WHERE t.%[2]s = due.key
RETURNING t.%[2]s AS key, t.claim_token AS token, t.attempts AS attempt, due.rescued AS rescued`

func (q Queue) claimStatement() string {
	busy, claimed, order := q.Busy, "", "q.next_attempt_at"
	if busy == "" {
		busy = "false"
	}
	if q.Claimed != "" {
		claimed = ", " + q.Claimed
	}
	if q.Order != "" {
		order = q.Order
	}
	return fmt.Sprintf(claimSQL, q.Table, q.Key, q.Ready, busy, claimed, order)
}

// Claim takes up to n rows that are due at now, for lease. then, when not nil,
// runs in the same transaction, for what a domain records about a claim.
func (q Queue) Claim(ctx context.Context, db *pg.DB, now time.Time, n int, lease time.Duration,
	then func(ctx context.Context, tx *pg.Tx, claims []Claim) error,
) ([]Claim, error) {
	if err := q.ReclaimOrphans(ctx, db); err != nil {
		return nil, err
	}
	var claims []Claim
	err := db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		var err error
		claims, err = pg.All[Claim](ctx, tx, q.claimStatement(), now, n, lease)
		if err != nil || len(claims) == 0 || then == nil {
			return err
		}
		return then(ctx, tx, claims)
	})
	if err != nil {
		return nil, fmt.Errorf("claim from %s: %w", q.Table, err)
	}
	return claims, nil
}

// ReclaimOrphans ends the leases of the process before this one: it has ended,
// and its rows would stay claimed until the leases expired. It does so once.
// Claim calls it; who leases a row in another way has to call it before, or the
// first Claim would end that lease with the old ones.
func (q Queue) ReclaimOrphans(ctx context.Context, db *pg.DB) error {
	err := db.ReclaimOrphans(q.Table, func() error {
		return db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
			tx.Queue(fmt.Sprintf(`UPDATE %s SET lease_until = clock_timestamp() - interval '1 millisecond'
WHERE claim_token IS NOT NULL AND lease_until > clock_timestamp()`, q.Table))
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("reclaim orphans of %s: %w", q.Table, err)
	}
	return nil
}

// Extend prolongs the lease of a claim to d from now. It reports false when the
// claim is lost: the worker stops, somebody else has the row.
func (q Queue) Extend(ctx context.Context, db *pg.DB, c Claim, d time.Duration) (bool, error) {
	var n int64
	err := db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) (err error) {
		statement := fmt.Sprintf(`UPDATE %s SET lease_until = clock_timestamp() + $3::interval
WHERE %s = $1 AND claim_token = $2 AND lease_until > clock_timestamp()`, q.Table, q.Key)
		n, err = tx.Exec(ctx, statement, c.Key, c.Token, d)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("extend a claim on %s: %w", q.Table, err)
	}
	return n == 1, nil
}

// Release gives a claim back unworked and uncounted, due again at next. It is
// for work that finds it cannot start now.
func (q Queue) Release(ctx context.Context, tx *pg.Tx, c Claim, next time.Time, states string) (bool, error) {
	if states != "" {
		states = ", " + states
	}
	statement := fmt.Sprintf(`UPDATE %s SET claim_token = NULL, lease_until = NULL, attempts = attempts - 1, next_attempt_at = $3%s
WHERE %s = $1 AND claim_token = $2`, q.Table, states, q.Key)
	n, err := tx.Exec(ctx, statement, c.Key, c.Token, next)
	return n == 1, err
}
