package user

import (
	"errors"
	"time"
)

// Config is the section BACKEND_USER_*.
type Config struct {
	ErasureGrace  time.Duration `split_words:"true" default:"168h" desc:"how long a deleted account can be restored before its personal data are erased"`
	SweepInterval time.Duration `split_words:"true" default:"1m" desc:"how often expired plans, limits and sanctions, and accounts to erase, are looked for"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	var errs []error
	if c.ErasureGrace < 0 {
		errs = append(errs, errors.New("BACKEND_USER_ERASURE_GRACE must not be negative"))
	}
	if c.SweepInterval <= 0 {
		errs = append(errs, errors.New("BACKEND_USER_SWEEP_INTERVAL must be positive"))
	}
	return errors.Join(errs...)
}

// CacheConfig is the domain's share of the section BACKEND_CACHE_*.
type CacheConfig struct {
	UsersMax int `split_words:"true" default:"100000" desc:"most users whose account and entitlements are kept in memory"`
}

// Validate reports every problem of the section.
func (c CacheConfig) Validate() error {
	if c.UsersMax < 1 {
		return errors.New("BACKEND_CACHE_USERS_MAX must be at least 1")
	}
	return nil
}
