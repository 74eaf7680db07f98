package runtime

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

const insertInstance = `
INSERT INTO runtime_instance (instance_id, created_at) VALUES ($1, $2)
ON CONFLICT (only_row) DO NOTHING`

const selectInstance = `SELECT instance_id FROM runtime_instance`

// ensureInstance returns the identity of the installation, which is fresh when
// there is none yet.
func (store) ensureInstance(ctx context.Context, tx *pg.Tx, fresh uuid.UUID, now time.Time) (uuid.UUID, error) {
	if _, err := tx.Exec(ctx, insertInstance, fresh, now); err != nil {
		return uuid.Nil, err
	}
	return pg.Get[uuid.UUID](ctx, tx, selectInstance)
}
