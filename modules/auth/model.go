package auth

import (
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// Status is the state of a device session. A revoked session stays revoked.
type Status string

// The states of a device session.
const (
	Active  Status = "active"
	Revoked Status = "revoked"
)

// RevocationReason says who revoked a session, or why it was revoked.
type RevocationReason string

// The reasons of a revocation.
const (
	RevokedByUser     RevocationReason = "user"
	RevokedByGateway  RevocationReason = "gateway"
	RevokedByOperator RevocationReason = "operator"
	Replaced          RevocationReason = "replaced"          // the same key signed in again
	TooManySessions   RevocationReason = "too_many_sessions" // one more than BACKEND_AUTH_SESSIONS_MAX
	AccountBlocked    RevocationReason = "account_blocked"
	AccountDeleted    RevocationReason = "account_deleted"
)

// Session is a device that has signed in.
type Session struct {
	ID            uuid.UUID         `db:"device_session_id"`
	UserID        uuid.UUID         `db:"user_id"`
	PublicKey     []byte            `db:"public_key"` // Ed25519
	Status        Status            `db:"status"`
	DeviceName    string            `db:"device_name"`
	UserAgent     string            `db:"user_agent"`
	Country       string            `db:"country"` // of the sign-in; ISO 3166 or empty
	CreatedAt     time.Time         `db:"created_at"`
	LastSeenAt    time.Time         `db:"last_seen_at"`
	RevokedAt     *time.Time        `db:"revoked_at"`
	RevokedReason *RevocationReason `db:"revoked_reason"`
}

// SessionFilter narrows a list of sessions; zero fields do not.
type SessionFilter struct {
	UserID uuid.UUID
	Status Status
	Before uuid.UUID // cursor: sessions made before this one
	Limit  int
}

// printable removes from a device's text what cannot be printed: people read lists
// and logs of sessions.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s))
}
