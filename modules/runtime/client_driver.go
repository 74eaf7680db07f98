package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/runtime/driver"
)

// How long one call of the driver may take. A hung daemon costs a worker no
// longer than this.
const (
	inspectTimeout = 15 * time.Second
	ensureTimeout  = 2 * time.Minute
	removeTimeout  = time.Minute
	pullTimeout    = 10 * time.Minute
	// stopMargin is what a stop may take beyond its grace period.
	stopMargin = 30 * time.Second
	// readTimeout bounds what operators ask for while they wait.
	readTimeout = 10 * time.Second
)

// DriverClient calls the driver. Each call has a time of its own and is counted,
// and the first that finds the driver unavailable is logged.
type DriverClient struct {
	cfg         Config
	driver      driver.Driver
	dirs        *driver.StateDirs
	metrics     metrics
	log         *zap.Logger
	unavailable atomic.Bool
}

// NewDriverClient makes a client of the host's driver.
func NewDriverClient(cfg Config, host EngineHost, m metrics, log *zap.Logger) *DriverClient {
	return &DriverClient{cfg: cfg, driver: host.Driver, dirs: host.Dirs, metrics: m, log: log}
}

// call treats a driver that does not answer in time as one that is unavailable.
func (d *DriverClient) call(
	ctx context.Context, op string, limit time.Duration, do func(ctx context.Context) error,
) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := do(bounded)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil && !errors.Is(err, driver.ErrUnavailable) {
		err = fmt.Errorf("%s: %w: %w", op, driver.ErrUnavailable, err)
	}
	d.metrics.countCall(ctx, op, err)
	if ctx.Err() == nil {
		d.noteAvailability(err)
	}
	return err
}

func (d *DriverClient) noteAvailability(err error) {
	switch {
	case !errors.Is(err, driver.ErrUnavailable):
		if d.unavailable.Swap(false) {
			d.log.Info("engine driver became available")
		}
	case !d.unavailable.Swap(true):
		d.log.Warn("engine driver became unavailable", zap.Error(err))
	}
}

func (d *DriverClient) inspect(ctx context.Context, game uuid.UUID) (seen driver.Observed, err error) {
	err = d.call(ctx, "inspect", inspectTimeout, func(ctx context.Context) error {
		seen, err = d.driver.Inspect(ctx, game)
		return err
	})
	return seen, err
}

func (d *DriverClient) list(ctx context.Context) (seen []driver.Observed, err error) {
	err = d.call(ctx, "list", inspectTimeout, func(ctx context.Context) error {
		seen, err = d.driver.List(ctx)
		return err
	})
	return seen, err
}

// launch has the record's engine made and started on its state directory.
func (d *DriverClient) launch(
	ctx context.Context, r Record, image string,
) (seen driver.Observed, stateDir string, err error) {
	stateDir, err = d.dirs.Ensure(r.GameID)
	if err != nil {
		return driver.Observed{}, "", err
	}
	err = d.call(ctx, "ensure", ensureTimeout, func(ctx context.Context) error {
		seen, err = d.driver.Ensure(ctx, d.spec(r, image, stateDir))
		return err
	})
	return seen, stateDir, err
}

func (d *DriverClient) spec(r Record, image, stateDir string) driver.Spec {
	return driver.Spec{
		GameID: r.GameID, Version: r.Version, Image: image, Generation: int64(r.Generation),
		StateDir: stateDir, StateMount: d.cfg.ContainerStateMount, User: d.dirs.Owner(),
		CPU: d.cfg.ContainerCPUQuota, Memory: int64(d.cfg.ContainerMemory), Pids: d.cfg.ContainerPidsLimit,
		LogDriver: d.cfg.ContainerLogDriver, LogOpts: d.cfg.ContainerLogOpts,
	}
}

func (d *DriverClient) stop(ctx context.Context, game uuid.UUID) error {
	return d.call(ctx, "stop", d.cfg.StopGracePeriod+stopMargin, func(ctx context.Context) error {
		return d.driver.Stop(ctx, game, d.cfg.StopGracePeriod)
	})
}

func (d *DriverClient) remove(ctx context.Context, game uuid.UUID) error {
	return d.call(ctx, "remove", removeTimeout, func(ctx context.Context) error { return d.driver.Remove(ctx, game) })
}

// pull makes the version's image available. Fallback of the result says that an
// older local image stands in for one that could not be had.
func (d *DriverClient) pull(ctx context.Context, v engineversion.Version) (result driver.PullResult, err error) {
	err = d.call(ctx, "pull", pullTimeout, func(ctx context.Context) error {
		result, err = d.driver.Pull(ctx, v.ImageRef, d.cfg.ImagePullPolicy)
		return err
	})
	if err == nil && result.Fallback != nil {
		d.log.Warn("image was not pulled, the local one is used",
			zap.String("version", v.Version), zap.Error(result.Fallback))
	}
	return result, err
}

func (d *DriverClient) logs(ctx context.Context, game uuid.UUID, n int) (lines []string, err error) {
	err = d.call(ctx, "logs", readTimeout, func(ctx context.Context) error {
		lines, err = d.driver.Logs(ctx, game, n)
		return err
	})
	return lines, err
}

func (d *DriverClient) stats(ctx context.Context, game uuid.UUID) (sample driver.Stats, err error) {
	err = d.call(ctx, "stats", readTimeout, func(ctx context.Context) error {
		sample, err = d.driver.Stats(ctx, game)
		return err
	})
	return sample, err
}
