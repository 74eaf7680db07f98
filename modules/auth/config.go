package auth

import (
	"errors"
	"time"

	"galaxy/backend/platform/secret"
)

// Config is the section BACKEND_AUTH_*.
type Config struct {
	ChallengeTTL            time.Duration `split_words:"true" default:"10m" desc:"lifetime of a sign-in code"`
	ChallengeMaxAttempts    int           `split_words:"true" default:"5" desc:"attempts at one code"`
	ChallengeThrottleWindow time.Duration `split_words:"true" default:"60s" desc:"window over which unused codes of an address are counted"`
	ChallengeThrottleMax    int           `split_words:"true" default:"3" desc:"most unused codes of an address in the window; past it the newest is answered again"`
	UsernameMaxRetries      int           `split_words:"true" default:"10" desc:"user names tried for a new account"`
	SessionsMax             int           `split_words:"true" default:"20" desc:"most live device sessions of a user; one more revokes the one seen least recently"`
	CodeKey                 secret.Secret `split_words:"true" desc:"key of the code MACs, at least 32 characters (made once and kept in the database when empty)"`
	CodeKeyPrevious         secret.Secret `split_words:"true" desc:"the key before, accepted until its codes have expired"`
}

const (
	day = 24 * time.Hour

	minKeyLength = 32
	// recommendedTTL is the most that ASVS 6.5.5 allows; a longer one is used with a
	// warning.
	recommendedTTL = 10 * time.Minute
)

// Validate reports every problem of the section.
func (c Config) Validate() error {
	var errs []error
	for name, d := range map[string]time.Duration{
		"CHALLENGE_TTL": c.ChallengeTTL, "CHALLENGE_THROTTLE_WINDOW": c.ChallengeThrottleWindow,
	} {
		if d <= 0 || d > day {
			errs = append(errs, errors.New("BACKEND_AUTH_"+name+" must be positive and at most 24h"))
		}
	}
	for name, n := range map[string]int{
		"CHALLENGE_MAX_ATTEMPTS": c.ChallengeMaxAttempts, "CHALLENGE_THROTTLE_MAX": c.ChallengeThrottleMax,
		"USERNAME_MAX_RETRIES": c.UsernameMaxRetries, "SESSIONS_MAX": c.SessionsMax,
	} {
		if n < 1 {
			errs = append(errs, errors.New("BACKEND_AUTH_"+name+" must be at least 1"))
		}
	}
	for name, key := range map[string]secret.Secret{"CODE_KEY": c.CodeKey, "CODE_KEY_PREVIOUS": c.CodeKeyPrevious} {
		if key.IsSet() && len(key.Reveal()) < minKeyLength {
			errs = append(errs, errors.New("BACKEND_AUTH_"+name+" must have at least 32 characters"))
		}
	}
	return errors.Join(errs...)
}

// CacheConfig is the domain's share of the section BACKEND_CACHE_*.
type CacheConfig struct {
	SessionsMax int `split_words:"true" default:"100000" desc:"most device sessions kept in memory"`
}

// Validate reports every problem of the section.
func (c CacheConfig) Validate() error {
	if c.SessionsMax < 1 {
		return errors.New("BACKEND_CACHE_SESSIONS_MAX must be at least 1")
	}
	return nil
}
