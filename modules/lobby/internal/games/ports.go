package games

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Users knows accounts and what they may do.
type Users interface {
	// Lock serialises what the account's limits count.
	Lock(ctx context.Context, tx *pg.Tx, id uuid.UUID) (user.Snapshot, error)
	Snapshots(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]user.Snapshot, error)
	FindByUserName(ctx context.Context, q pg.Querier, name string) (user.Account, error)
}

// Notifier tells people.
type Notifier interface {
	Submit(ctx context.Context, tx *pg.Tx, in notification.Intent) error
}

// Launcher runs engines.
type Launcher interface {
	// Start of an engine that was founded keeps its founding document.
	Start(ctx context.Context, tx *pg.Tx, spec runtime.Spec, by runtime.Source) (uuid.UUID, error)
	Stop(ctx context.Context, tx *pg.Tx, game uuid.UUID, by runtime.Source) (uuid.UUID, error)
}

// EngineVersions knows which versions of the engine may start a game.
type EngineVersions interface {
	DefaultVersion(ctx context.Context) (string, error)
	StartableVersion(ctx context.Context, version string) error
}

// Event is what happened to a game, for observers.
type Event string

// The events. EventStarted comes once, with the engine's status at turn 0.
// EventRaceBlocked carries the race in Game.Blocked, EventSeatTaken the seat of a
// successor in Game.Taken. EventSeatLeft says that a member left a race behind
// that stays in play.
const (
	EventStarted     Event = "started"
	EventPaused      Event = "paused"
	EventResumed     Event = "resumed"
	EventFinished    Event = "finished"
	EventCancelled   Event = "cancelled"
	EventSettings    Event = "settings"
	EventRaceBlocked Event = "race_blocked"
	EventSeatLeft    Event = "seat_left"
	EventSeatTaken   Event = "seat_taken"
)

// Observer hears of changes of games, in the transaction that makes them and
// under the lock of the game. The game is as it will be stored. It must not
// depend on Service, or the graph has a cycle; Ledger is there for it.
type Observer interface {
	Name() string
	GameChanged(ctx context.Context, tx *pg.Tx, g Game, e Event, status *enginev1.Status) error
}

// Expect is what a game expects of one of its members.
type Expect struct {
	Submitted bool // orders for the coming turn are in
	Ready     bool
	Deadline  *time.Time
}

// Expectation says what is expected of a user, for many games at once.
type Expectation interface {
	Name() string
	Expected(ctx context.Context, user uuid.UUID, games []uuid.UUID) (map[uuid.UUID]Expect, error)
}

// Hooks is what domains above hang on games, in the order of names.
type Hooks struct {
	Observers    []Observer
	Expectations []Expectation
}

// NewHooks fixes the order: value groups are shuffled on purpose.
func NewHooks(observers []Observer, expectations []Expectation) Hooks {
	return Hooks{hook.Sorted(observers), hook.Sorted(expectations)}
}
