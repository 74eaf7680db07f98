package engine

import (
	"errors"
	"time"
)

// Config is the section BACKEND_ENGINE_*.
type Config struct {
	CallTimeout  time.Duration `split_words:"true" default:"60s" desc:"longest engine write (init, turn, banish, command, order) may take"`
	ProbeTimeout time.Duration `split_words:"true" default:"5s" desc:"longest engine read (status, report, healthz) may take"`
}

// Validate names everything that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.CallTimeout <= 0 {
		errs = append(errs, errors.New("BACKEND_ENGINE_CALL_TIMEOUT must be positive"))
	}
	if c.ProbeTimeout <= 0 {
		errs = append(errs, errors.New("BACKEND_ENGINE_PROBE_TIMEOUT must be positive"))
	}
	return errors.Join(errs...)
}
