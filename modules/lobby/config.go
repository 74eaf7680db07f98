package lobby

import (
	"errors"
	"time"
)

// Config is the domain's share of the section BACKEND_LOBBY_*.
type Config struct {
	InviteDefaultTTL time.Duration `split_words:"true" default:"168h" desc:"how long an invite without expires_at is good"`

	// SweepInterval is how often expired invites are looked for:
	// BACKEND_LOBBY_SWEEPER_INTERVAL.
	SweepInterval time.Duration `ignored:"true"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	if c.InviteDefaultTTL <= 0 {
		return errors.New("BACKEND_LOBBY_INVITE_DEFAULT_TTL has to be positive")
	}
	if c.InviteDefaultTTL > maxInviteTTL {
		return errors.New("BACKEND_LOBBY_INVITE_DEFAULT_TTL is longer than 90 days")
	}
	return nil
}
