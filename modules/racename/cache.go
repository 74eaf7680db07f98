package racename

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/pg"
)

// keyCache knows who holds a key.
type keyCache struct {
	*cache.Table[string, uuid.UUID]
	max int
}

func newKeyCache(db *pg.DB, size CacheConfig) *keyCache {
	return &keyCache{max: size.RaceNameKeysMax,
		Table: cache.New("race_name_keys", size.RaceNameKeysMax, func(ctx context.Context, key string) (uuid.UUID, bool, error) {
			holder, err := store{}.holder(ctx, db, key)
			if errors.Is(err, pg.ErrNoRows) {
				return uuid.Nil, false, nil
			}
			return holder, err == nil, err
		})}
}
