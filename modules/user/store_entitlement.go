package user

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const entitlementColumns = `
SELECT record_id, user_id, plan, source, actor, reason, starts_at, ends_at, idempotency_key, request_hash FROM entitlement_records`

const insertEntitlement = `
WITH granted AS (
    INSERT INTO entitlement_records (record_id, user_id, plan, source, actor, reason, starts_at, ends_at, idempotency_key, request_hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    RETURNING record_id, user_id, plan, starts_at, ends_at
)
INSERT INTO entitlement_snapshots (user_id, record_id, plan, starts_at, ends_at, updated_at)
SELECT user_id, record_id, plan, starts_at, ends_at, starts_at FROM granted
ON CONFLICT (user_id) DO UPDATE SET record_id = EXCLUDED.record_id, plan = EXCLUDED.plan, starts_at = EXCLUDED.starts_at,
    ends_at = EXCLUDED.ends_at, updated_at = EXCLUDED.updated_at`

// insertEntitlement adds to the history and makes it the user's plan.
func (store) insertEntitlement(tx *pg.Tx, e EntitlementRecord) {
	tx.Queue(insertEntitlement, e.ID, e.UserID, e.Plan, e.Source, e.Actor, e.Reason, e.StartsAt, e.EndsAt, e.Key, e.Hash)
}

const listEntitlements = entitlementColumns + `
WHERE user_id = $1 AND ($2::uuid IS NULL OR record_id < $2) ORDER BY record_id DESC LIMIT $3`

func (store) entitlements(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int,
) ([]EntitlementRecord, error) {
	return pg.All[EntitlementRecord](ctx, q, listEntitlements, user, nullableID(before), n)
}

func (store) entitlementByKey(ctx context.Context, q pg.Querier, actor, key string) (EntitlementRecord, error) {
	return pg.Get[EntitlementRecord](ctx, q, entitlementColumns+` WHERE actor = $1 AND idempotency_key = $2`, actor, key)
}

const insertOverride = `
INSERT INTO limit_overrides (override_id, user_id, name, value, reason, actor, set_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

func (store) insertOverride(tx *pg.Tx, o Override) {
	tx.Queue(insertOverride, o.ID, o.UserID, o.Name, o.Value, o.Reason, o.Actor, o.SetAt, o.ExpiresAt)
}

const removeOverride = `UPDATE limit_overrides SET removed_at = $2, removed_by = $3 WHERE override_id = $1 AND removed_at IS NULL`

func (store) removeOverride(tx *pg.Tx, id uuid.UUID, at time.Time, by string) {
	tx.Queue(removeOverride, id, at, by)
}

const listOverrides = `
SELECT override_id, user_id, name, value, reason, actor, set_at, expires_at, removed_at, removed_by
FROM limit_overrides WHERE user_id = $1 ORDER BY override_id DESC LIMIT $2`

func (store) overrides(ctx context.Context, q pg.Querier, user uuid.UUID, n int) ([]Override, error) {
	return pg.All[Override](ctx, q, listOverrides, user, n)
}
