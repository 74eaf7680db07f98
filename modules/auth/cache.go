package auth

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/pg"
)

// SessionCache holds device sessions by id. Revoked ones are kept as well: their
// clients ask most often.
type SessionCache struct {
	*cache.Table[uuid.UUID, Session]
	capacity int
}

// NewSessionCache makes the empty cache; Service.Start warms it.
func NewSessionCache(db *pg.DB, cfg CacheConfig) *SessionCache {
	return &SessionCache{capacity: cfg.SessionsMax, Table: cache.New("device_sessions", cfg.SessionsMax,
		func(ctx context.Context, id uuid.UUID) (Session, bool, error) {
			s, err := store{}.session(ctx, db, id)
			if errors.Is(err, ErrNotFound) {
				return Session{}, false, nil
			}
			return s, err == nil, err
		})}
}
