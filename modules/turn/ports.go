package turn

import (
	"context"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Games is what turn reads and changes of games in a transaction.
type Games interface {
	// LockGame is the first statement of every transaction that changes a clock.
	LockGame(ctx context.Context, tx *pg.Tx, gameID uuid.UUID) (game.Game, error)
	// MembershipsIn is who plays what by what the transaction sees.
	MembershipsIn(ctx context.Context, tx *pg.Tx, gameID uuid.UUID) ([]game.Membership, error)
	// Stats are the races as they stood at the end of a turn.
	Stats(ctx context.Context, q pg.Querier, gameID uuid.UUID, turn int) ([]game.RaceStats, error)
	// SetNextTurn shows a deadline in the game's snapshot; nil: there is none.
	SetNextTurn(tx *pg.Tx, gameID uuid.UUID, at *time.Time)
	// SetVacant marks the seat of a member who stayed away as free to take.
	SetVacant(tx *pg.Tx, gameID uuid.UUID, race string, vacant bool)
}

// GameReader answers, from memory, what a game is and who plays in it.
type GameReader interface {
	Game(ctx context.Context, gameID uuid.UUID) (game.Game, error)
	Membership(ctx context.Context, gameID, user uuid.UUID) (game.Membership, error)
	Memberships(ctx context.Context, gameID uuid.UUID) ([]game.Membership, error)
}

// GameRecorder changes a game by what its turns decide.
type GameRecorder interface {
	RecordTurn(ctx context.Context, tx *pg.Tx, r game.TurnRecord) error
	Pause(ctx context.Context, tx *pg.Tx, gameID uuid.UUID, reason string) error
}

// EngineLeaser leases a game's engine: who holds the lease works alone.
type EngineLeaser interface {
	Lease(ctx context.Context, gameID uuid.UUID, d time.Duration) (runtime.Lease, error)
	Release(ctx context.Context, l runtime.Lease) error
}

// Generator is an engine as the host of the game sees it.
type Generator interface {
	Status(ctx context.Context, gameID uuid.UUID) (enginev1.Status, error)
	Turn(ctx context.Context, gameID uuid.UUID, turn int) (enginev1.TurnResponse, error)
	Banish(ctx context.Context, gameID uuid.UUID, race, reason string) (enginev1.BanishResponse, error)
}

// PlayerAPI is an engine as the players of the game see it.
type PlayerAPI interface {
	Order(ctx context.Context, gameID uuid.UUID, req enginev1.OrderRequest) (enginev1.OrderResponse, error)
	Command(ctx context.Context, gameID uuid.UUID, req enginev1.CommandRequest) (enginev1.CommandResponse, error)
	Report(ctx context.Context, gameID uuid.UUID, q engine.ReportQuery) (engine.Report, error)
}

// Notifier tells people.
type Notifier interface {
	Submit(ctx context.Context, tx *pg.Tx, in notification.Intent) error
}
