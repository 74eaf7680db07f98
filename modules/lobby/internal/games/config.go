package games

import (
	"errors"
	"time"
)

// MaxInviteTTL is the longest time an invite is good.
const MaxInviteTTL = 90 * 24 * time.Hour

// Config is the section BACKEND_LOBBY_*.
type Config struct {
	SweeperInterval        time.Duration `split_words:"true" default:"60s" desc:"how often expired race names and invites and ended enrolments are looked for"`
	PendingRegistrationTTL time.Duration `split_words:"true" default:"720h" desc:"how long an earned race name can be registered"`
	InviteDefaultTTL       time.Duration `split_words:"true" default:"168h" desc:"how long an invite without expires_at is good"`
	MinTurnInterval        time.Duration `split_words:"true" default:"1m" desc:"the shortest interval between turns that a game may ask for"`
	FinishedEngineTTL      time.Duration `split_words:"true" default:"168h" desc:"how long the engine of a finished game stays up for its last reports"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	var errs []error
	for name, d := range map[string]time.Duration{
		"SWEEPER_INTERVAL": c.SweeperInterval, "PENDING_REGISTRATION_TTL": c.PendingRegistrationTTL,
		"INVITE_DEFAULT_TTL": c.InviteDefaultTTL, "MIN_TURN_INTERVAL": c.MinTurnInterval,
		"FINISHED_ENGINE_TTL": c.FinishedEngineTTL,
	} {
		if d <= 0 {
			errs = append(errs, errors.New("BACKEND_LOBBY_"+name+" has to be positive"))
		}
	}
	if c.InviteDefaultTTL > MaxInviteTTL {
		errs = append(errs, errors.New("BACKEND_LOBBY_INVITE_DEFAULT_TTL is longer than 90 days"))
	}
	return errors.Join(errs...)
}

// CacheConfig is the domain's share of the section BACKEND_CACHE_*.
type CacheConfig struct {
	GamesMax        int `split_words:"true" default:"100000" desc:"most games whose row and members are kept in memory"`
	RaceNameKeysMax int `split_words:"true" default:"200000" desc:"most keys of the Race Name Directory kept in memory"`
}

// Validate reports every problem of the section.
func (c CacheConfig) Validate() error {
	var errs []error
	if c.GamesMax < 1 {
		errs = append(errs, errors.New("BACKEND_CACHE_GAMES_MAX must be at least 1"))
	}
	if c.RaceNameKeysMax < 1 {
		errs = append(errs, errors.New("BACKEND_CACHE_RACE_NAME_KEYS_MAX must be at least 1"))
	}
	return errors.Join(errs...)
}
