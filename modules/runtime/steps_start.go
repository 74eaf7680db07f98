package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/plan"
	"galaxy/backend/modules/runtime/registry"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// launch gets the image and the state directory, and has the driver make and
// start the engine.
func (c *Converger) launch(ctx context.Context, m *move) error {
	v, err := c.Version(ctx, m.before.Version)
	switch {
	case errors.Is(err, registry.ErrNotFound), err == nil && v.Status == registry.Blocked:
		return c.giveUp(ctx, m, failure{notification.StartConfigInvalid, "engine_version_blocked", "the engine version may not be started"})
	case err != nil:
		return err
	}
	m.after.Image = v.ImageRef
	note, err := c.pull(ctx, v)
	if err != nil {
		return c.refused(ctx, m, err)
	}
	dir, err := c.dirs.Ensure(m.before.GameID)
	if err != nil {
		return c.refused(ctx, m, err)
	}
	seen, err := c.ensure(ctx, c.spec(m.before, v, dir))
	if err != nil {
		return c.refused(ctx, m, err)
	}
	c.launched(m)
	m.after.ContainerID, m.after.Endpoint, m.after.StateDir = seen.ContainerID, driver.Name(m.before.GameID), dir
	m.after.LastCode, m.after.LastError = "", note
	return nil
}

// spec is the engine that the record asks for.
func (c *Converger) spec(r Record, v Version, dir string) driver.Spec {
	return driver.Spec{
		GameID: r.GameID, Version: r.Version, Image: v.ImageRef, Generation: int64(r.Generation),
		StateDir: dir, StateMount: c.cfg.ContainerStateMount, User: c.dirs.Owner(),
		CPU: c.cfg.ContainerCPUQuota, Memory: int64(c.cfg.ContainerMemory), Pids: c.cfg.ContainerPidsLimit,
		LogDriver: c.cfg.ContainerLogDriver, LogOpts: c.cfg.ContainerLogOpts,
	}
}

// refused decides what a failed launch means. What only other settings can help
// is not tried again.
func (c *Converger) refused(ctx context.Context, m *move, err error) error {
	reason := err.Error()
	switch {
	case ctx.Err() != nil, errors.Is(err, driver.ErrUnavailable):
		return err
	case errors.Is(err, driver.ErrForeign):
		c.estrange(m, reason)
		return nil
	case errors.Is(err, driver.ErrConflict): // the next look stops it
		m.wait = time.Second
		return nil
	case errors.Is(err, driver.ErrConfigInvalid):
		return c.giveUp(ctx, m, failure{notification.StartConfigInvalid, "start_config_invalid", reason})
	case errors.Is(err, driver.ErrState):
		return c.retry(ctx, m, failure{notification.StartConfigInvalid, "state_dir_unusable", reason})
	case errors.Is(err, driver.ErrImageUnavailable):
		return c.retry(ctx, m, failure{notification.ImagePullFailed, "image_pull_failed", reason})
	}
	return c.retry(ctx, m, failure{notification.ContainerStartFailed, "container_start_failed", reason})
}

// found gives the engine its game, once in the life of the game. A repeat after
// a lost answer gets the same answer.
func (c *Converger) found(ctx context.Context, m *move) error {
	var doc enginev1.InitRequest
	if err := json.Unmarshal(m.before.Init, &doc); err != nil {
		return fmt.Errorf("read the founding document: %w", err)
	}
	status, err := c.engines.Init(ctx, m.before.GameID, doc)
	switch {
	case err == nil:
		now := c.clock.Now()
		m.after.InitializedAt = &now
		status.Seed = "" // it decides every battle to come; nobody else needs it
		c.arrived(m, status)
		return nil
	case errors.Is(err, engine.ErrAlreadyInitialized):
		return c.giveUp(ctx, m, failure{notification.StartConfigInvalid, "state_dir_foreign", "the state directory holds another game"})
	case errors.Is(err, engine.ErrValidation), errors.Is(err, engine.ErrRefused), errors.Is(err, engine.ErrTooLarge):
		return c.giveUp(ctx, m, failure{notification.StartConfigInvalid, "init_refused", "the engine refused the game's settings: " + reasonOf(err)})
	}
	return c.unanswered(ctx, m, err)
}

// arrive records that the engine runs, with its own account of the game. An
// engine that forgot a founded game lost its state directory: nobody founds the
// game anew.
func (c *Converger) arrive(ctx context.Context, m *move) error {
	status, err := c.engines.Status(ctx, m.before.GameID)
	if err != nil {
		return c.unanswered(ctx, m, err)
	}
	switch status.State {
	case enginev1.StateUninitialized:
		return c.giveUp(ctx, m, failure{notification.StartConfigInvalid, "state_lost", "the engine does not know the game, its state directory was lost"})
	case enginev1.StateFailed:
		return c.giveUp(ctx, m, failure{notification.StartConfigInvalid, "state_corrupt", "the engine does not trust the game's state directory"})
	}
	c.arrived(m, status)
	return nil
}

func (c *Converger) arrived(m *move, status enginev1.Status) {
	now := c.clock.Now()
	m.after.Observed, m.after.Failures, m.after.LastSeenAt = Running, 0, &now
	m.after.LastCode = ""
	if m.before.LastCode != "" { // else it is a note on the image, which stays
		m.after.LastError = ""
	}
	m.status, m.end = &status, OpSucceeded
}

// unanswered: the engine was healthy and then did not answer. It is asked again
// until its start is overdue.
func (c *Converger) unanswered(ctx context.Context, m *move, err error) error {
	if ctx.Err() != nil {
		return err
	}
	launched := m.before.LaunchedAt
	if m.before.Observed == Starting && launched != nil && c.clock.Now().Sub(*launched) >= plan.StartTimeout {
		m.sight.Health = err
		return c.falter(ctx, m)
	}
	m.after.LastCode, m.after.LastError, m.wait = reasonOf(err), reasonOf(err), time.Second
	return nil
}
