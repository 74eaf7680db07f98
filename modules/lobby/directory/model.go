package directory

import (
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/fault"
)

// Name is an entry of the Race Name Directory.
type Name struct {
	ID           uuid.UUID  `db:"race_name_id"`
	Display      string     `db:"display"`
	UserID       uuid.UUID  `db:"user_id"`
	State        string     `db:"state"`
	GameID       *uuid.UUID `db:"game_id"`        // of a reserved name
	SourceGameID *uuid.UUID `db:"source_game_id"` // where a pending or registered name was earned
	ExpiresAt    *time.Time `db:"expires_at"`     // of a pending name
	RegisteredAt *time.Time `db:"registered_at"`
	CreatedAt    time.Time  `db:"created_at"`
}

// The states of a race name.
const (
	Reserved   = "reserved"
	Pending    = "pending_registration"
	Registered = "registered"
)

// What can be wrong with a wish for a name.
var (
	ErrInvalid     = fault.New(fault.Unprocessable, "invalid_race_name", "this is no race name")
	ErrInvalidPath = fault.New(fault.Invalid, "invalid_request", "this is no race name")
	ErrTaken       = fault.New(fault.Conflict, "race_name_taken", "the race name, or one that looks like it, is taken")
	ErrNotFound    = fault.New(fault.NotFound, "not_found", "there is no such race name to register")
	ErrExpired     = fault.New(fault.Conflict, "race_name_expired", "the time to register the race name is over")
	ErrLimit       = fault.New(fault.Conflict, "race_name_limit_reached", "the plan allows no further registered race name")
)
