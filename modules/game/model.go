package game

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Who may find a game, and how one gets in.
const (
	Public  = "public"
	Private = "private"

	PolicyAuto        = "auto"
	PolicyApplication = "application"
	PolicyInvite      = "invite"
)

// Game is a game with the snapshot of its play.
type Game struct {
	ID               uuid.UUID         `db:"game_id"`
	OwnerID          *uuid.UUID        `db:"owner_id"` // nil: a public game
	Visibility       string            `db:"visibility"`
	Name             string            `db:"name"`
	Description      string            `db:"description"`
	State            State             `db:"state"`
	PauseReason      string            `db:"pause_reason"` // set while paused
	LastError        string            `db:"last_error"`   // why the last start failed or the engine stopped
	MinPlayers       int               `db:"min_players"`
	MaxPlayers       int               `db:"max_players"`
	JoinPolicy       string            `db:"join_policy"`
	EnrollmentEndsAt *time.Time        `db:"enrollment_ends_at"`
	StartWhenFull    bool              `db:"start_when_full"`
	EngineVersion    string            `db:"engine_version"`
	Turns            schedule.Settings `db:"turns"`
	Map              MapOptions        `db:"map"`
	SeatsTaken       int               `db:"seats_taken"` // active members
	Version          int64             `db:"version"`     // rises with every change; the ETag
	CurrentTurn      int               `db:"current_turn"`
	LastTurnAt       *time.Time        `db:"last_turn_at"`
	NextTurnAt       *time.Time        `db:"next_turn_at"`
	StateHash        string            `db:"state_hash"`
	ActiveRaces      int               `db:"active_races"`
	Result           *enginev1.Result  `db:"result"`
	RuntimeStatus    string            `db:"runtime_status"` // what runtime observed last; empty before
	EngineHealth     string            `db:"engine_health"`  // unknown, ok, unreachable
	CreatedAt        time.Time         `db:"created_at"`
	UpdatedAt        time.Time         `db:"updated_at"`
	LaunchedAt       *time.Time        `db:"launched_at"` // the first request to start
	StartedAt        *time.Time        `db:"started_at"`  // the engine ran for the first time
	FinishedAt       *time.Time        `db:"finished_at"` // finished or cancelled
}

// Launched reports whether the game was ever asked to start: races may exist in
// an engine.
func (g Game) Launched() bool { return g.LaunchedAt != nil }

// OwnedBy reports whether the game is this user's.
func (g Game) OwnedBy(user uuid.UUID) bool { return g.OwnerID != nil && *g.OwnerID == user }

// EnrollmentOver reports whether the deadline of the enrollment has come, swept
// or not.
func (g Game) EnrollmentOver(now time.Time) bool {
	return g.EnrollmentEndsAt != nil && !g.EnrollmentEndsAt.After(now)
}

// Full reports whether every seat is taken.
func (g Game) Full() bool { return g.SeatsTaken >= g.MaxPlayers }

// Ref is the game as notifications name it.
func (g Game) Ref() notification.GameRef { return notification.GameRef{ID: g.ID, Name: g.Name} }

// ETag identifies the version of the game.
func (g Game) ETag() string { return fmt.Sprintf(`"v%d"`, g.Version) }

// MapOptions is what the creator of a game decides about its galaxy; what is
// missing is the engine's choice.
type MapOptions struct {
	Size           float64   `json:"size,omitempty"` // light years; 0: by the number of races
	PlanetsPerRace *int      `json:"planets_per_race,omitempty"`
	HomeWorlds     []float64 `json:"home_worlds,omitempty"`
	MaxTurns       int       `json:"max_turns,omitempty"` // 0: none
	VoteShare      *float64  `json:"vote_share,omitempty"`
	LastRaceWins   *bool     `json:"last_race_wins,omitempty"`
	BattleLog      string    `json:"battle_log,omitempty"`
}
