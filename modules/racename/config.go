package racename

import (
	"errors"
	"time"
)

// Config is the domain's share of the section BACKEND_LOBBY_*.
type Config struct {
	PendingRegistrationTTL time.Duration `split_words:"true" default:"720h" desc:"how long an earned race name can be registered"`

	// SweepInterval is how often expired names are looked for:
	// BACKEND_LOBBY_SWEEPER_INTERVAL.
	SweepInterval time.Duration `ignored:"true"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	if c.PendingRegistrationTTL <= 0 {
		return errors.New("BACKEND_LOBBY_PENDING_REGISTRATION_TTL has to be positive")
	}
	return nil
}

// CacheConfig is the domain's share of the section BACKEND_CACHE_*.
type CacheConfig struct {
	RaceNameKeysMax int `split_words:"true" default:"200000" desc:"most keys of the Race Name Directory kept in memory"`
}

// Validate refuses a cache that holds nothing.
func (c CacheConfig) Validate() error {
	if c.RaceNameKeysMax < 1 {
		return errors.New("BACKEND_CACHE_RACE_NAME_KEYS_MAX must be at least 1")
	}
	return nil
}
