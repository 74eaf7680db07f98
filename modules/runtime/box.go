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

// Box is what engines are run with: a driver and the games' directories.
type Box struct {
	Driver driver.Driver
	Dirs   *driver.StateDirs
}

// NewBox makes the driver that the configuration names. There is no silent
// fall-back: a daemon that cannot be reached stays the driver's, and engines
// wait for it.
func NewBox(
	cfg Config, state driver.StateConfig, daemon docker.Config, instance *Instance, clk clock.Clock, log *zap.Logger,
) (Box, error) {
	box := Box{Dirs: driver.NewStateDirs(state.StateRoot)}
	if cfg.Driver == "process" {
		box.Driver = processdriver.New(cfg.EngineBinary, state.StateRoot, instance, clk, log)
		return box, nil
	}
	client, err := docker.New(daemon, clk, log)
	if err != nil {
		return Box{}, err
	}
	box.Driver = dockerdriver.New(client, daemon.Network, instance)
	return box, nil
}

// Open looks whether games can be kept here at all: a typing mistake would
// otherwise show as one game after the other that cannot start.
func (b Box) Open(context.Context) error {
	if err := b.Dirs.Usable(); err != nil {
		return fmt.Errorf("BACKEND_GAME_STATE_ROOT cannot be used: %w", err)
	}
	return nil
}

// Close lets go of the driver: the docker driver's engines live on, the process
// driver's end.
func (b Box) Close(ctx context.Context) error { return b.Driver.Close(ctx) }

// dialer is how the client of engines reaches them.
func (b Box) dialer() engine.Dialer { return b.Driver }
