package lobby

import (
	"time"

	"github.com/google/uuid"
)

// Application is a user's request to join a game.
type Application struct {
	ID        uuid.UUID  `db:"application_id"`
	GameID    uuid.UUID  `db:"game_id"`
	GameName  string     `db:"game_name"`
	UserID    uuid.UUID  `db:"user_id"`
	RaceName  string     `db:"race_name"`
	Message   string     `db:"message"`
	State     string     `db:"state"` // pending, approved, rejected, withdrawn
	Reason    string     `db:"reason"`
	Hash      []byte     `db:"request_hash"`
	CreatedAt time.Time  `db:"created_at"`
	DecidedAt *time.Time `db:"decided_at"`
}

// Invite is an owner's request that a user join the game.
type Invite struct {
	ID        uuid.UUID  `db:"invite_id"`
	GameID    uuid.UUID  `db:"game_id"`
	GameName  string     `db:"game_name"`
	UserID    uuid.UUID  `db:"user_id"`
	InviterID uuid.UUID  `db:"inviter_id"`
	Message   string     `db:"message"`
	State     string     `db:"state"` // pending, redeemed, declined, revoked, expired
	Reason    string     `db:"reason"`
	Hash      []byte     `db:"request_hash"`
	CreatedAt time.Time  `db:"created_at"`
	ExpiresAt time.Time  `db:"expires_at"`
	DecidedAt *time.Time `db:"decided_at"`
}

// States of applications and invites.
const (
	pending   = "pending"
	approved  = "approved"
	rejected  = "rejected"
	withdrawn = "withdrawn"
	redeemed  = "redeemed"
	declined  = "declined"
	revoked   = "revoked"
	expired   = "expired"
)
