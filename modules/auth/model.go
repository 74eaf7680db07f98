package auth

import (
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// Purpose is what a challenge proves an address for.
type Purpose string

// The purposes.
const (
	SignIn      Purpose = "sign_in"
	EmailChange Purpose = "email_change"
)

// Issued is the answer to a request for a code.
type Issued struct {
	ChallengeID uuid.UUID
	ExpiresAt   time.Time
}

// Status is the state of a device session. Revoked is for ever.
type Status string

// The states of a device session.
const (
	Active  Status = "active"
	Revoked Status = "revoked"
)

// RevocationReason says who ended a session, and why.
type RevocationReason string

// The causes of a revocation.
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

// visible is text from a device without what does not show: lists and logs of
// sessions are read by people.
func visible(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s))
}
