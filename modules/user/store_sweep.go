package user

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// Each branch is an index scan over what has ended and is not written down. Users
// come in the order of their ids, so that the caller can go past one that fails.
const selectExpired = `
SELECT user_id FROM (
    (SELECT user_id FROM sanctions WHERE removed_at IS NULL AND expires_at <= $1 AND user_id > $2 ORDER BY user_id LIMIT $3)
    UNION
    (SELECT user_id FROM limit_overrides WHERE removed_at IS NULL AND expires_at <= $1 AND user_id > $2 ORDER BY user_id LIMIT $3)
    UNION
    (SELECT user_id FROM entitlement_snapshots WHERE ends_at <= $1 AND user_id > $2 ORDER BY user_id LIMIT $3)
) expired
ORDER BY user_id
LIMIT $3`

// withExpired lists users with a sanction, an override or a plan that ended by
// now.
func (store) withExpired(ctx context.Context, q pg.Querier, now time.Time, after uuid.UUID, n int,
) ([]uuid.UUID, error) {
	return pg.All[uuid.UUID](ctx, q, selectExpired, now, after, n)
}

const selectToErase = `
SELECT user_id FROM accounts
WHERE deleted_at <= $1 AND erased_at IS NULL AND user_id > $2
ORDER BY user_id
LIMIT $3`

// toErase lists accounts that were deleted at or before a time.
func (store) toErase(ctx context.Context, q pg.Querier, deletedUntil time.Time, after uuid.UUID, n int,
) ([]uuid.UUID, error) {
	return pg.All[uuid.UUID](ctx, q, selectToErase, deletedUntil, after, n)
}
