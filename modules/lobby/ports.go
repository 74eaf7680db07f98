package lobby

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename/spelling"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

// Games reads games and their memberships.
type Games interface {
	Game(ctx context.Context, id uuid.UUID) (game.Game, error)
	LockGame(ctx context.Context, tx *pg.Tx, id uuid.UUID) (game.Game, error)
	MembershipsIn(ctx context.Context, tx *pg.Tx, game uuid.UUID) ([]game.Membership, error)
	MembershipIn(ctx context.Context, q pg.Querier, game, user uuid.UUID) (game.Membership, error)
	// SetOffered puts a free seat up for somebody new.
	SetOffered(tx *pg.Tx, m game.Membership, at time.Time)
}

// Members seats users in games whose rows are locked.
type Members interface {
	Enroll(ctx context.Context, tx *pg.Tx, g *game.Game, user uuid.UUID, name spelling.Name) (game.Membership, error)
	ReplaceMember(ctx context.Context, tx *pg.Tx, g *game.Game, old game.Membership,
		successor uuid.UUID) (game.Membership, error)
}

// Managers checks who may see and who manages a game, and records what operators
// do with it.
type Managers interface {
	CheckManager(ctx context.Context, q pg.Querier, by game.Actor, g game.Game) error
	CheckVisible(ctx context.Context, q pg.Querier, g game.Game, user uuid.UUID) error
	Update(ctx context.Context, by game.Actor, id uuid.UUID, action string,
		fn func(context.Context, *pg.Tx, *game.Game) error) (game.Game, error)
	Audit(ctx context.Context, tx *pg.Tx, by game.Actor, action string, game uuid.UUID, before, after any) error
}

// Accounts knows users and what they may do.
type Accounts interface {
	// Lock serialises what the account's limits count.
	Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error)
	Snapshots(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]user.Snapshot, error)
	FindByUserName(ctx context.Context, q pg.Querier, name string) (user.Account, error)
}

// Notifier submits notifications.
type Notifier interface {
	Submit(ctx context.Context, tx *pg.Tx, in notification.Intent) error
}
