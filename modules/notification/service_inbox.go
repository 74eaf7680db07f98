package notification

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// Inbox lists a user's notifications, newest first, with how many are unread.
func (s *Service) Inbox(ctx context.Context, user uuid.UUID, unread bool, before uuid.UUID, limit int) ([]InboxItem, int, error) {
	items, err := s.store.inbox(ctx, s.db, user, unread, before, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("list the inbox: %w", err)
	}
	n, err := s.store.unread(ctx, s.db, user)
	if err != nil {
		return nil, 0, fmt.Errorf("count the inbox: %w", err)
	}
	return items, n, nil
}

// Read marks one notification as read; again it changes nothing.
func (s *Service) Read(ctx context.Context, user, id uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		ok, err := s.store.read(ctx, tx, user, id, s.clock.Now())
		if err != nil {
			return fmt.Errorf("mark as read: %w", err)
		}
		if !ok {
			return ErrNotFound
		}
		return nil
	})
}

// ReadAll marks everything in the user's inbox as read.
func (s *Service) ReadAll(ctx context.Context, user uuid.UUID) error {
	return s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		s.store.readAll(tx, user, s.clock.Now())
		return nil
	})
}
