package runtime

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/driver/dockerdriver"
	"galaxy/backend/modules/runtime/driver/processdriver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/docker"
)

// EngineHost is what engines run in: a driver and the games' directories.
type EngineHost struct {
	Driver driver.Driver
	Dirs   *driver.StateDirs
}

// NewEngineHost makes the driver that the configuration names. There is no
// silent fall-back: engines wait for a daemon that cannot be reached.
func NewEngineHost(
	cfg Config, state driver.StateConfig, daemon docker.Config, instance *Instance, clk clock.Clock, log *zap.Logger,
) (EngineHost, error) {
	host := EngineHost{Dirs: driver.NewStateDirs(state.StateRoot)}
	if cfg.Driver == "process" {
		host.Driver = processdriver.New(cfg.EngineBinary, state.StateRoot, instance, clk, log)
		return host, nil
	}
	client, err := docker.New(daemon, clk, log)
	if err != nil {
		return EngineHost{}, err
	}
	host.Driver = dockerdriver.New(client, daemon.Network, instance)
	return host, nil
}

// Open checks whether games can be kept here at all: a typing mistake would
// otherwise show as one game after the other that cannot start.
func (h EngineHost) Open(context.Context) error {
	if err := h.Dirs.CheckWritable(); err != nil {
		return fmt.Errorf("BACKEND_GAME_STATE_ROOT cannot be used: %w", err)
	}
	return nil
}

// Close lets go of the driver: the docker driver's engines live on, the process
// driver's end.
func (h EngineHost) Close(ctx context.Context) error { return h.Driver.Close(ctx) }

// dialer is how the client of engines reaches them.
func (h EngineHost) dialer() engine.Dialer { return h.Driver }
