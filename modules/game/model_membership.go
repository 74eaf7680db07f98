package game

import (
	"time"

	"github.com/google/uuid"
)

// What a membership can be.
const (
	Active  = "active"
	Removed = "removed"
	Blocked = "blocked"
)

// Membership is who plays, or played, which race: a seat of the game.
type Membership struct {
	GameID    uuid.UUID  `db:"game_id"`
	UserID    uuid.UUID  `db:"user_id"`
	RaceName  string     `db:"race_name"`
	Status    string     `db:"status"`
	Reason    string     `db:"reason"`
	Founding  bool       `db:"founding"`  // the race was in the engine's document
	Successor bool       `db:"successor"` // took the race over from another member
	Vacant    bool       `db:"vacant"`    // active, but may be replaced
	OfferedAt *time.Time `db:"offered_at"`
	JoinedAt  time.Time  `db:"joined_at"`
	EndedAt   *time.Time `db:"ended_at"`
}

// Free reports whether somebody new may take the seat: its member left, was
// removed, or stayed away. The seat of a banished race is never free, nor is one
// that was left before its race existed.
func (m Membership) Free() bool {
	return m.Vacant || m.Founding && m.Status == Removed && (m.Reason == ReasonLeft || m.Reason == ReasonRemoved)
}

// BanishCause is the cause for which a membership that ended takes its race along,
// or empty. Before the launch there is no race: another member may have taken
// its name since.
func (m Membership) BanishCause() string {
	switch {
	case !m.Founding || m.Status == Active:
	case m.Reason == ReasonDeleted:
		return CauseDeleted
	case m.Status == Blocked, m.Reason == ReasonBlocked, m.Reason == ReasonBanned:
		return CauseBlocked
	}
	return ""
}

// Reasons of a membership that ended.
const (
	ReasonLeft     = "left"
	ReasonRemoved  = "removed"
	ReasonBanned   = "banned"
	ReasonReplaced = "replaced"
	ReasonDeleted  = "account_deleted"
	ReasonBlocked  = "account_blocked"
)
