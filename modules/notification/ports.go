package notification

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// Mailer records mail deliveries.
type Mailer interface {
	Enqueue(ctx context.Context, tx *pg.Tx, m mail.Message) (uuid.UUID, error)
}

// Pusher publishes events with a commit.
type Pusher interface {
	Publish(tx *pg.Tx, o push.Outgoing)
}

// Accounts knows the recipients' addresses.
type Accounts interface {
	Snapshots(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]user.Snapshot, error)
}
