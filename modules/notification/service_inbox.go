package notification

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"galaxy/backend/platform/pg"
)

// InboxFilter narrows a listing of an inbox; zero fields do not.
type InboxFilter struct {
	UnreadOnly bool
	Before     uuid.UUID // cursor: notifications older than this one
	Limit      int
}

// Inbox lists a user's notifications, newest first, with how many are unread.
func (s *Service) Inbox(ctx context.Context, user uuid.UUID, f InboxFilter) ([]InboxItem, int, error) {
	items, err := s.store.inbox(ctx, s.db, user, f)
	if err != nil {
		return nil, 0, fmt.Errorf("list the inbox: %w", err)
	}
	unread, err := s.store.countUnread(ctx, s.db, user)
	if err != nil {
		return nil, 0, fmt.Errorf("count the inbox: %w", err)
	}
	return items, unread, nil
}

// MarkRead marks one notification as read; again it changes nothing.
func (s *Service) MarkRead(ctx context.Context, user, id uuid.UUID) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		ok, err := s.store.markRead(ctx, tx, user, id, s.clock.Now())
		if err != nil {
			return fmt.Errorf("mark as read: %w", err)
		}
		if !ok {
			return ErrNotFound
		}
		return nil
	})
}

// MarkAllRead marks everything in the user's inbox as read.
func (s *Service) MarkAllRead(ctx context.Context, user uuid.UUID) error {
	return s.db.InTx(ctx, func(_ context.Context, tx *pg.Tx) error {
		s.store.markAllRead(tx, user, s.clock.Now())
		return nil
	})
}
