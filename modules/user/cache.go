package user

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/pg"
)

// Cache holds the records of users by user id.
type Cache struct {
	*cache.Table[uuid.UUID, *record]
	max int
}

// NewCache makes the empty cache; Service.Start warms it.
func NewCache(db *pg.DB, cfg CacheConfig) *Cache {
	load := func(ctx context.Context, id uuid.UUID) (*record, bool, error) {
		r, err := store{}.record(ctx, db, id)
		if errors.Is(err, ErrNotFound) {
			return nil, false, nil
		}
		return &r, err == nil, err
	}
	return &Cache{max: cfg.UsersMax, Table: cache.New("users", cfg.UsersMax, load)}
}

// stage puts the record that tx makes true into the cache with its commit. The
// value is shared with readers: it is never changed after this.
func (c *Cache) stage(tx *pg.Tx, r record) { c.Put(tx, r.ID, &r) }
