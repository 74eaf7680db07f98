package push

import (
	"errors"
	"time"
)

// Config is the push part of the root section.
type Config struct {
	FreshnessWindow time.Duration `split_words:"true" default:"5m" desc:"how long push events are kept for a gateway that reconnects"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	if c.FreshnessWindow <= 0 {
		return errors.New("BACKEND_FRESHNESS_WINDOW must be positive")
	}
	return nil
}
