package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// localImageNote stands in LastError of an engine that runs all the same.
const localImageNote = "the image could not be pulled, the local one is used"

// launch gets the image and has the driver make and start the engine.
func (c *Converger) launch(ctx context.Context, t *transition) error {
	v, err := c.versions.Version(ctx, t.before.Version)
	switch {
	case errors.Is(err, engineversion.ErrNotFound), err == nil && v.Status == engineversion.Blocked:
		return c.giveUp(ctx, t, configFailure("engine_version_blocked", "the engine version may not be started"))
	case err != nil:
		return err
	}
	t.after.Image = v.ImageRef
	pulled, err := c.driver.pull(ctx, v)
	if err == nil {
		err = c.images.RecordDigest(ctx, v, pulled.Digest)
	}
	if err != nil {
		return c.launchFailed(ctx, t, err)
	}
	seen, stateDir, err := c.driver.launch(ctx, t.before, v.ImageRef)
	if err != nil {
		return c.launchFailed(ctx, t, err)
	}
	c.markLaunched(t)
	t.after.ContainerID, t.after.Endpoint, t.after.StateDir = seen.ContainerID, driver.Name(t.before.GameID), stateDir
	t.after.LastCode, t.after.LastError = "", ""
	if pulled.Fallback != nil {
		t.after.LastError = localImageNote
	}
	return nil
}

// launchFailed decides what a failed launch means. What only other settings can
// help is not tried again.
func (c *Converger) launchFailed(ctx context.Context, t *transition, err error) error {
	reason := err.Error()
	switch {
	case ctx.Err() != nil, errors.Is(err, driver.ErrUnavailable):
		return err
	case errors.Is(err, driver.ErrForeign):
		c.foreignContainer(t, reason)
		return nil
	case errors.Is(err, driver.ErrConflict): // the next look stops it
		t.wait = time.Second
		return nil
	case errors.Is(err, driver.ErrConfigInvalid):
		return c.giveUp(ctx, t, configFailure("start_config_invalid", reason))
	case errors.Is(err, driver.ErrState):
		return c.retryStart(ctx, t, configFailure("state_dir_unusable", reason))
	case errors.Is(err, driver.ErrImageUnavailable):
		return c.retryStart(ctx, t, failure{notification.KindImagePullFailed, "image_pull_failed", reason})
	}
	return c.retryStart(ctx, t, failure{notification.KindContainerStartFailed, "container_start_failed", reason})
}

// configFailure is one that trying again does not help.
func configFailure(code, reason string) failure {
	return failure{notification.KindStartConfigInvalid, code, reason}
}

// initialize gives the engine its game, once in the life of the game. A repeat
// after a lost answer gets the same answer.
func (c *Converger) initialize(ctx context.Context, t *transition) error {
	var req enginev1.InitRequest
	if err := json.Unmarshal(t.before.Init, &req); err != nil {
		return fmt.Errorf("read the init request: %w", err)
	}
	status, err := c.engines.Init(ctx, t.before.GameID, req)
	switch {
	case err == nil:
		now := c.clock.Now()
		t.after.InitializedAt = &now
		status.Seed = "" // it decides every battle to come; nobody else needs it
		c.recordRunning(t, status)
		return nil
	case errors.Is(err, engine.ErrAlreadyInitialized):
		return c.giveUp(ctx, t, configFailure("state_dir_foreign", "the state directory holds another game"))
	case errors.Is(err, engine.ErrValidation), errors.Is(err, engine.ErrRefused), errors.Is(err, engine.ErrTooLarge):
		return c.giveUp(ctx, t, configFailure("init_refused", "the engine refused the game's settings: "+reasonOf(err)))
	}
	return c.callFailed(ctx, t, err)
}

// markRunning records that the engine runs, with its own account of the game. An
// engine that does not know an initialized game lost its state directory: nobody
// initializes the game again.
func (c *Converger) markRunning(ctx context.Context, t *transition) error {
	status, err := c.engines.Status(ctx, t.before.GameID)
	if err != nil {
		return c.callFailed(ctx, t, err)
	}
	switch status.State {
	case enginev1.StateUninitialized:
		return c.giveUp(ctx, t, configFailure("state_lost",
			"the engine does not know the game, its state directory was lost"))
	case enginev1.StateFailed:
		return c.giveUp(ctx, t, configFailure("state_corrupt", "the engine does not trust the game's state directory"))
	}
	c.recordRunning(t, status)
	return nil
}

func (c *Converger) recordRunning(t *transition, status enginev1.Status) {
	now := c.clock.Now()
	t.after.Observed, t.after.Failures, t.after.LastSeenAt = Running, 0, &now
	t.after.LastCode = ""
	if t.before.LastCode != "" { // else it is a note on the image, which stays
		t.after.LastError = ""
	}
	t.status, t.end = &status, OpSucceeded
}

// callFailed is about an engine that was healthy and then did not answer a call.
// It is asked again until its start is overdue.
func (c *Converger) callFailed(ctx context.Context, t *transition, err error) error {
	if ctx.Err() != nil {
		return err
	}
	launched := t.before.LaunchedAt
	if t.before.Observed == Starting && launched != nil && c.clock.Now().Sub(*launched) >= startTimeout {
		t.observation.Health = err
		return c.startFailed(ctx, t)
	}
	t.after.LastCode, t.after.LastError, t.wait = reasonOf(err), reasonOf(err), time.Second
	return nil
}
