package racename

import (
	"time"

	"github.com/google/uuid"
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

// Availability is whether a name can be claimed.
type Availability string

// Yours: the user holds the name, in a game or for good, and may claim it again.
const (
	Available Availability = "available"
	Taken     Availability = "taken"
	Yours     Availability = "yours"
)
