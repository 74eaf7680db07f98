package game

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename/spelling"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/pg"
)

// Accounts knows users and what they may do.
type Accounts interface {
	// Lock serialises what the account's limits count.
	Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error)
	Snapshots(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]user.Snapshot, error)
}

// Notifier tells people.
type Notifier interface {
	Submit(ctx context.Context, tx *pg.Tx, in notification.Intent) error
}

// Launcher runs engines.
type Launcher interface {
	// Start of an engine that was initialized before ignores the init document.
	Start(ctx context.Context, tx *pg.Tx, spec runtime.Spec, by runtime.Source) (uuid.UUID, error)
	Stop(ctx context.Context, tx *pg.Tx, game uuid.UUID, by runtime.Source) (uuid.UUID, error)
}

// EngineVersions knows which engines there are.
type EngineVersions interface {
	DefaultVersion(ctx context.Context) (string, error)
	StartableVersion(ctx context.Context, version string) error
}

// RaceNames is the directory of race names. Its keys are the last locks that a
// transaction takes.
type RaceNames interface {
	Claim(ctx context.Context, tx *pg.Tx, name spelling.Name, user, game uuid.UUID) error
	ReleaseReserved(ctx context.Context, tx *pg.Tx, games []uuid.UUID, user *uuid.UUID) error
	Promote(ctx context.Context, tx *pg.Tx, game uuid.UUID, eligible []uuid.UUID, at time.Time) error
}

// Observer hears of changes of games, in the transaction that makes them and
// under the lock of the game. It must not depend on Service, or the graph has a
// cycle; Games is there for it.
type Observer interface {
	Name() string
	GameChanged(ctx context.Context, tx *pg.Tx, c Change) error
}

// Expectation says what is expected of a user, for many games at once.
type Expectation interface {
	Name() string
	Expected(ctx context.Context, user uuid.UUID, games []uuid.UUID) (map[uuid.UUID]Expect, error)
}

// Access says who else may know of a private game than its owner and whoever was
// ever a member.
type Access interface {
	Name() string
	MayKnow(ctx context.Context, q pg.Querier, game, user uuid.UUID) (bool, error)
}

// Hooks is what domains above register for games, in the order of names.
type Hooks struct {
	Observers    []Observer
	Expectations []Expectation
	Access       []Access
}

// NewHooks puts hooks into their order.
func NewHooks(observers []Observer, expectations []Expectation, access []Access) Hooks {
	return Hooks{hook.Sorted(observers), hook.Sorted(expectations), hook.Sorted(access)}
}
