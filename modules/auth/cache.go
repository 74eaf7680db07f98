package auth

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/pg"
)

// Sessions is the cache of device sessions. Revoked ones are kept as well: their
// clients ask most often.
type Sessions struct {
	*cache.Table[uuid.UUID, Session]
	max int
}

// NewSessions makes the empty cache; Service.Start warms it.
func NewSessions(db *pg.DB, cfg CacheConfig) *Sessions {
	return &Sessions{max: cfg.SessionsMax, Table: cache.New("device_sessions", cfg.SessionsMax,
		func(ctx context.Context, id uuid.UUID) (Session, bool, error) {
			s, err := store{}.session(ctx, db, id)
			if errors.Is(err, ErrNotFound) {
				return Session{}, false, nil
			}
			return s, err == nil, err
		})}
}
