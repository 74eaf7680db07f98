package user

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/pg"
)

// Snapshots is the cache of facts by user id.
type Snapshots struct {
	*cache.Table[uuid.UUID, *facts]
	max int
}

// NewSnapshots makes the empty cache; Service.Start warms it.
func NewSnapshots(db *pg.DB, cfg CacheConfig) *Snapshots {
	return &Snapshots{max: cfg.UsersMax, Table: cache.New("users", cfg.UsersMax, func(ctx context.Context, id uuid.UUID) (*facts, bool, error) {
		f, err := store{}.facts(ctx, db, id)
		if errors.Is(err, ErrNotFound) {
			return nil, false, nil
		}
		return &f, err == nil, err
	})}
}

// keep stages the facts that tx makes true. The value is shared with readers: it
// is never changed after this.
func (s *Snapshots) keep(tx *pg.Tx, f facts) { s.Put(tx, f.ID, &f) }
