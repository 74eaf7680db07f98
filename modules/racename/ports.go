package racename

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// Accounts knows what users may hold.
type Accounts interface {
	// Lock serialises what the account's limits count.
	Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error)
}

// Notifier tells people.
type Notifier interface {
	Submit(ctx context.Context, tx *pg.Tx, in notification.Intent) error
}
