package main

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap/zapcore"
)

// config is read from the environment.
type config struct {
	listen, stateDir, gameID, adminToken string
	logLevel                             zapcore.Level
	shutdown                             time.Duration
}

const defaultStateDir = "/var/lib/galaxy-game"

// readConfig reports every problem at once.
func readConfig(getenv func(string) string) (c config, err error) {
	value := func(name, fallback string) string {
		if v := getenv(name); v != "" {
			return v
		}
		return fallback
	}
	c.listen = value("ENGINE_LISTEN_ADDR", ":8080")
	c.stateDir = value("ENGINE_STATE_DIR", defaultStateDir)
	c.gameID = value("ENGINE_GAME_ID", "")
	c.adminToken = value("ENGINE_ADMIN_TOKEN", "")
	level, levelErr := zapcore.ParseLevel(value("ENGINE_LOG_LEVEL", "info"))
	if levelErr != nil {
		err = errors.Join(err, fmt.Errorf("ENGINE_LOG_LEVEL: %w", levelErr))
	}
	shutdown, durationErr := time.ParseDuration(value("ENGINE_SHUTDOWN_TIMEOUT", "8s"))
	if durationErr != nil || shutdown <= 0 {
		err = errors.Join(err, errors.New("ENGINE_SHUTDOWN_TIMEOUT: must be a positive duration"))
	}
	c.logLevel, c.shutdown = level, shutdown
	return c, err
}
