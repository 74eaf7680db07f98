package mail

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

type store struct{}

// The conflict clause updates nothing: it makes RETURNING answer with the row
// that is there.
const insertDelivery = `
INSERT INTO mail_deliveries (delivery_id, template_id, idempotency_key, user_id, secret, status, not_after, next_attempt_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
ON CONFLICT ON CONSTRAINT mail_deliveries_key DO UPDATE SET template_id = EXCLUDED.template_id
RETURNING delivery_id`

const insertUnkeyedDelivery = `
INSERT INTO mail_deliveries (delivery_id, template_id, idempotency_key, user_id, secret, status, not_after, next_attempt_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
ON CONFLICT ON CONSTRAINT mail_deliveries_key DO NOTHING`

const insertRecipient = `
INSERT INTO mail_recipients (delivery_id, address) SELECT delivery_id, $2 FROM mail_deliveries WHERE delivery_id = $1`

const insertPayload = `
INSERT INTO mail_payloads (delivery_id, subject, body_text, body_html) SELECT delivery_id, $2, $3, $4 FROM mail_deliveries WHERE delivery_id = $1`

// insert records the delivery unless its key is taken, and returns the id of
// the delivery that holds the key. A key that is the new row's own id cannot be
// taken: then nothing has to be read, and the writes are sent with COMMIT.
func (store) insert(ctx context.Context, tx *pg.Tx, id uuid.UUID, m Message, c rendered, now time.Time) (uuid.UUID, error) {
	status := Pending
	if m.Suppressed {
		status = Suppressed
	}
	args := []any{id, m.Template, m.Key, nilUUID(m.UserID), m.Secret, status, nilTime(m.NotAfter), now}
	if m.Key == "" {
		args[2] = id.String()
		tx.Queue(insertUnkeyedDelivery, args...)
	} else {
		got, err := pg.Get[uuid.UUID](ctx, tx, insertDelivery, args...)
		if err != nil || got != id {
			return got, err
		}
	}
	tx.Queue(insertRecipient, id, m.To)
	if m.Suppressed && m.Secret {
		c.text, c.html = "", "" // never sent, so the secret need not be kept
	}
	tx.Queue(insertPayload, id, c.subject, c.text, c.html)
	return id, nil
}

const selectDeliveries = `
SELECT d.delivery_id, d.template_id, coalesce(r.address, '') AS recipient, d.user_id, d.status, d.attempts, d.next_attempt_at,
       d.last_outcome, coalesce(p.subject, '') AS subject, d.secret, p.scrubbed_at IS NOT NULL AS scrubbed, d.created_at, d.settled_at
FROM mail_deliveries d
LEFT JOIN mail_recipients r ON r.delivery_id = d.delivery_id
LEFT JOIN mail_payloads p ON p.delivery_id = d.delivery_id`

const selectDelivery = selectDeliveries + `
WHERE d.delivery_id = $1`

func (store) get(ctx context.Context, q pg.Querier, id uuid.UUID) (Delivery, error) {
	return orNotFound(pg.Get[Delivery](ctx, q, selectDelivery, id))
}

// lock keeps the worker from claiming the delivery while an operator decides.
const lockDelivery = selectDelivery + ` FOR UPDATE OF d`

func (store) lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (Delivery, error) {
	return orNotFound(pg.Get[Delivery](ctx, tx, lockDelivery, id))
}

func orNotFound(d Delivery, err error) (Delivery, error) {
	if errors.Is(err, pg.ErrNoRows) {
		return Delivery{}, ErrNotFound
	}
	return d, err
}

const listDeliveries = selectDeliveries + `
WHERE ($1::text = '' OR d.status = $1)
  AND ($2::text = '' OR d.template_id = $2)
  AND ($3::text = '' OR d.delivery_id IN (SELECT delivery_id FROM mail_recipients WHERE lower(address) = lower($3)))
  AND ($4::uuid IS NULL OR d.delivery_id < $4)
ORDER BY d.delivery_id DESC
LIMIT $5`

func (store) list(ctx context.Context, q pg.Querier, f Filter) ([]Delivery, error) {
	return pg.All[Delivery](ctx, q, listDeliveries, string(f.Status), f.Template, f.Recipient, nilUUID(f.Before), f.Limit)
}

const countDeliveries = `SELECT status, count(*) AS n FROM mail_deliveries GROUP BY status`

func (store) counts(ctx context.Context, q pg.Querier) (map[Status]int, error) {
	type row struct {
		Status Status `db:"status"`
		N      int    `db:"n"`
	}
	rows, err := pg.All[row](ctx, q, countDeliveries)
	if err != nil {
		return nil, err
	}
	counts := map[Status]int{}
	for _, s := range statuses() {
		counts[s] = 0
	}
	for _, r := range rows {
		counts[r.Status] = r.N
	}
	return counts, nil
}

const selectAttempts = `
SELECT attempt_no, started_at, finished_at, outcome, detail FROM mail_attempts WHERE delivery_id = $1 ORDER BY attempt_no`

func (store) attempts(ctx context.Context, q pg.Querier, id uuid.UUID) ([]Attempt, error) {
	return pg.All[Attempt](ctx, q, selectAttempts, id)
}

const resendDelivery = `
UPDATE mail_deliveries SET status = 'pending', charged = 0, next_attempt_at = $2, settled_at = NULL, claim_token = NULL, lease_until = NULL
WHERE delivery_id = $1`

func (store) resend(tx *pg.Tx, id uuid.UUID, now time.Time) {
	tx.Queue(resendDelivery, id, now)
	tx.Queue(`DELETE FROM mail_dead_letters WHERE delivery_id = $1`, id)
}

const scrubAddress = `
UPDATE mail_payloads SET subject = '', body_text = '', body_html = '', scrubbed_at = $2
WHERE delivery_id IN (SELECT delivery_id FROM mail_recipients WHERE lower(address) = $1)`

const cancelAddress = `
UPDATE mail_deliveries SET status = 'cancelled', settled_at = $2, claim_token = NULL, lease_until = NULL
WHERE status IN ('pending', 'retrying') AND delivery_id IN (SELECT delivery_id FROM mail_recipients WHERE lower(address) = $1)`

func (store) erase(tx *pg.Tx, address string, now time.Time) {
	tx.Queue(cancelAddress, address, now)
	tx.Queue(scrubAddress, address, now)
	tx.Queue(`UPDATE mail_recipients SET address = 'erased' WHERE lower(address) = $1`, address)
}

func nilUUID(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}

func nilTime(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t
}
