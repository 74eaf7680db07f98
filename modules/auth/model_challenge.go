package auth

import (
	"time"

	"github.com/google/uuid"
)

// Purpose is what a challenge proves an address for.
type Purpose string

// The purposes.
const (
	SignIn      Purpose = "sign_in"
	EmailChange Purpose = "email_change"
)

// IssuedChallenge is the answer to a request for a code.
type IssuedChallenge struct {
	ChallengeID uuid.UUID
	ExpiresAt   time.Time
}
