package turn

import (
	"errors"
	"time"
)

// Config is the section BACKEND_TURN_*, with what it takes from its neighbours.
type Config struct {
	SweepInterval time.Duration `split_words:"true" default:"5s" desc:"how often due turns are looked for without a wake-up"`
	MaxAttempts   int           `split_words:"true" default:"5" desc:"attempts to generate a turn before the game is paused"`
	RetryBase     time.Duration `split_words:"true" default:"2s" desc:"longest wait before the second attempt; it grows by three from there"`

	// PoolSize is how many runs are under way at once:
	// BACKEND_RUNTIME_WORKER_POOL_SIZE.
	PoolSize int `ignored:"true"`
	// CallTimeout bounds one call of an engine: BACKEND_ENGINE_CALL_TIMEOUT.
	CallTimeout time.Duration `ignored:"true"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	var errs []error
	if c.SweepInterval <= 0 {
		errs = append(errs, errors.New("BACKEND_TURN_SWEEP_INTERVAL must be positive"))
	}
	if c.MaxAttempts < 1 {
		errs = append(errs, errors.New("BACKEND_TURN_MAX_ATTEMPTS must be at least 1"))
	}
	if c.RetryBase <= 0 {
		errs = append(errs, errors.New("BACKEND_TURN_RETRY_BASE must be positive"))
	}
	return errors.Join(errs...)
}

// lease is how long a run may hold its claim and the game: a status, a turn and
// a second try of each on a slow machine.
func (c Config) lease() time.Duration { return c.CallTimeout + time.Minute }
