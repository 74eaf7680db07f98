package game

import (
	"errors"
	"time"
)

// Config is the domain's share of the section BACKEND_LOBBY_*.
type Config struct {
	SweeperInterval   time.Duration `split_words:"true" default:"60s" desc:"how often expired race names and invites and ended enrollments are looked for"`
	MinTurnInterval   time.Duration `split_words:"true" default:"1m" desc:"the shortest interval between turns that a game may ask for"`
	FinishedEngineTTL time.Duration `split_words:"true" default:"168h" desc:"how long the engine of a finished game stays up for its last reports"`
}

// Validate reports every problem of the section.
func (c Config) Validate() error {
	var errs []error
	for name, d := range map[string]time.Duration{
		"SWEEPER_INTERVAL": c.SweeperInterval, "MIN_TURN_INTERVAL": c.MinTurnInterval, "FINISHED_ENGINE_TTL": c.FinishedEngineTTL,
	} {
		if d <= 0 {
			errs = append(errs, errors.New("BACKEND_LOBBY_"+name+" has to be positive"))
		}
	}
	return errors.Join(errs...)
}

// CacheConfig is the domain's share of the section BACKEND_CACHE_*.
type CacheConfig struct {
	GamesMax int `split_words:"true" default:"100000" desc:"most games whose row and members are kept in memory"`
}

// Validate refuses a cache that holds nothing.
func (c CacheConfig) Validate() error {
	if c.GamesMax < 1 {
		return errors.New("BACKEND_CACHE_GAMES_MAX must be at least 1")
	}
	return nil
}
