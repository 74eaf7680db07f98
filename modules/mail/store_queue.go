package mail

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
)

// queue is the outbox's view of mail_deliveries. A claim charges the delivery;
// a settlement takes the charge back when the mail was not at fault.
var queue = outbox.Queue{
	Table:   "mail_deliveries",
	Key:     "delivery_id",
	Ready:   "q.status IN ('pending', 'retrying')",
	Busy:    "q.status = 'sending'",
	Claimed: "status = 'sending', charged = t.charged + 1",
}

// claimedDelivery is a claimed delivery with all that is needed to send it.
type claimedDelivery struct {
	outbox.Claim
	ID       uuid.UUID  `db:"delivery_id"`
	Template string     `db:"template_id"`
	Charged  int        `db:"charged"`
	NotAfter *time.Time `db:"not_after"`
	Secret   bool       `db:"secret"`
	Scrubbed bool       `db:"scrubbed"`
	Address  string     `db:"address"`
	Subject  string     `db:"subject"`
	Text     string     `db:"body_text"`
	HTML     string     `db:"body_html"`
}

// closeAbandonedAttempts ends the attempts that a dead worker left open.
const closeAbandonedAttempts = `
UPDATE mail_attempts SET finished_at = $2, outcome = 'unknown', detail = 'the worker did not report back'
WHERE delivery_id = ANY($1) AND finished_at IS NULL`

const openAttempts = `
INSERT INTO mail_attempts (delivery_id, attempt_no, started_at)
SELECT delivery_id, attempts, $2 FROM mail_deliveries WHERE delivery_id = ANY($1)`

const selectClaimed = `
SELECT d.delivery_id, d.template_id, d.charged, d.not_after, d.secret, p.scrubbed_at IS NOT NULL AS scrubbed,
       coalesce(r.address, '') AS address, coalesce(p.subject, '') AS subject,
       coalesce(p.body_text, '') AS body_text, coalesce(p.body_html, '') AS body_html
FROM mail_deliveries d
LEFT JOIN mail_recipients r ON r.delivery_id = d.delivery_id
LEFT JOIN mail_payloads p ON p.delivery_id = d.delivery_id
WHERE d.delivery_id = ANY($1)
ORDER BY d.next_attempt_at, d.delivery_id`

// claim takes up to n due deliveries and opens an attempt for each.
func (store) claim(ctx context.Context, db *pg.DB, now time.Time, n int, lease time.Duration) ([]claimedDelivery, error) {
	var deliveries []claimedDelivery
	claims, err := queue.Claim(ctx, db, now, n, lease, func(ctx context.Context, tx *pg.Tx, claims []outbox.Claim) error {
		ids := make([]uuid.UUID, len(claims))
		for i, c := range claims {
			ids[i] = c.Key
		}
		tx.Queue(closeAbandonedAttempts, ids, now)
		tx.Queue(openAttempts, ids, now)
		var err error
		deliveries, err = pg.All[claimedDelivery](ctx, tx, selectClaimed, ids)
		return err
	})
	if err != nil {
		return nil, err
	}
	byID := make(map[uuid.UUID]outbox.Claim, len(claims))
	for _, c := range claims {
		byID[c.Key] = c
	}
	for i := range deliveries {
		deliveries[i].Claim = byID[deliveries[i].ID]
	}
	return deliveries, nil
}

// result is what became of a claimed delivery.
type result struct {
	claimedDelivery
	outcome Outcome
	detail  string
	status  Status
	next    time.Time // when status is retrying or pending
	charge  bool      // counts against the maximum
	scrub   bool
}

// settleDelivery changes nothing when the claim is lost.
const settleDelivery = `
UPDATE mail_deliveries SET status = $3, next_attempt_at = $4, last_outcome = $5, charged = charged - $6,
       settled_at = CASE WHEN $3 IN ('pending', 'retrying') THEN NULL ELSE $7::timestamptz END, claim_token = NULL, lease_until = NULL
WHERE delivery_id = $1 AND claim_token = $2 AND status = 'sending'`

const closeAttempt = `
UPDATE mail_attempts SET finished_at = $3, outcome = $4, detail = $5
WHERE delivery_id = $1 AND attempt_no = $2 AND finished_at IS NULL`

// A worker whose claim is lost must not take the content from the one that has
// it now: only a settled delivery is scrubbed.
const scrubPayload = `
UPDATE mail_payloads SET body_text = '', body_html = '', scrubbed_at = $2
WHERE delivery_id = $1 AND scrubbed_at IS NULL
  AND EXISTS (SELECT FROM mail_deliveries WHERE delivery_id = $1 AND settled_at IS NOT NULL)`

const insertDeadLetter = `
INSERT INTO mail_dead_letters (delivery_id, reason, attempt_no, dead_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (delivery_id) DO UPDATE SET reason = EXCLUDED.reason, attempt_no = EXCLUDED.attempt_no, dead_at = EXCLUDED.dead_at`

func (r result) settleArgs(now time.Time) []any {
	refund := 1
	if r.charge {
		refund = 0
	}
	next := r.next
	if next.IsZero() {
		next = now
	}
	return []any{r.ID, r.Token, r.status, next, r.outcome, refund, now}
}

// settle queues the record of what became of a claimed delivery.
func (s store) settle(tx *pg.Tx, r result, now time.Time) {
	tx.Queue(settleDelivery, r.settleArgs(now)...)
	s.closeAttempt(tx, r, now)
}

// bury records that a delivery is given up. It reports false when the claim was
// lost: then whoever holds it now decides.
func (s store) deadLetter(ctx context.Context, tx *pg.Tx, r result, now time.Time) (bool, error) {
	n, err := tx.Exec(ctx, settleDelivery, r.settleArgs(now)...)
	if err != nil || n == 0 {
		return false, err
	}
	tx.Queue(insertDeadLetter, r.ID, r.detail, r.Attempt, now)
	s.closeAttempt(tx, r, now)
	return true, nil
}

func (store) closeAttempt(tx *pg.Tx, r result, now time.Time) {
	tx.Queue(closeAttempt, r.ID, r.Attempt, now, r.outcome, r.detail)
	if r.scrub {
		tx.Queue(scrubPayload, r.ID, now)
	}
}

const queueDepth = `
SELECT status, count(*) AS n FROM mail_deliveries WHERE status IN ('pending', 'sending', 'retrying') GROUP BY status`

// depth counts what waits, by state.
func (store) depth(ctx context.Context, q pg.Querier) (map[Status]int64, error) {
	type row struct {
		Status Status `db:"status"`
		N      int64  `db:"n"`
	}
	rows, err := pg.All[row](ctx, q, queueDepth)
	if err != nil {
		return nil, err
	}
	depth := map[Status]int64{Pending: 0, Sending: 0, Retrying: 0}
	for _, r := range rows {
		depth[r.Status] = r.N
	}
	return depth, nil
}
