package user

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const sanctionColumns = `
SELECT sanction_id, user_id, kind, reason, internal_note, actor, applied_at, expires_at, removed_at, removed_by, idempotency_key, request_hash
FROM sanctions`

const insertSanction = `
INSERT INTO sanctions (sanction_id, user_id, kind, reason, internal_note, actor, applied_at, expires_at, idempotency_key, request_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`

func (store) insertSanction(tx *pg.Tx, s Sanction) {
	tx.Queue(insertSanction, s.ID, s.UserID, s.Kind, s.Reason, s.InternalNote, s.Actor, s.AppliedAt, s.ExpiresAt, s.Key,
		s.Hash)
}

const selectCurrentSanction = sanctionColumns + ` WHERE user_id = $1 AND kind = $2 AND removed_at IS NULL`

// currentSanction returns the one sanction of a kind that is not removed, or nil.
func (store) currentSanction(ctx context.Context, q pg.Querier, user uuid.UUID, kind SanctionKind) (*Sanction, error) {
	return optional(pg.Get[Sanction](ctx, q, selectCurrentSanction, user, kind))
}

const selectSanction = sanctionColumns + ` WHERE user_id = $1 AND sanction_id = $2`

func (store) sanction(ctx context.Context, q pg.Querier, user, id uuid.UUID) (*Sanction, error) {
	return optional(pg.Get[Sanction](ctx, q, selectSanction, user, id))
}

const listSanctions = sanctionColumns + `
WHERE user_id = $1 AND ($2::uuid IS NULL OR sanction_id < $2) ORDER BY sanction_id DESC LIMIT $3`

func (store) sanctions(ctx context.Context, q pg.Querier, user, before uuid.UUID, n int) ([]Sanction, error) {
	return pg.All[Sanction](ctx, q, listSanctions, user, nullableID(before), n)
}

func (store) sanctionByKey(ctx context.Context, q pg.Querier, actor, key string) (Sanction, error) {
	return pg.Get[Sanction](ctx, q, sanctionColumns+` WHERE actor = $1 AND idempotency_key = $2`, actor, key)
}

const removeSanction = `UPDATE sanctions SET removed_at = $2, removed_by = $3 WHERE sanction_id = $1 AND removed_at IS NULL`

func (store) removeSanction(tx *pg.Tx, id uuid.UUID, at time.Time, by string) {
	tx.Queue(removeSanction, id, at, by)
}
