package runtime

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/sanitize"
)

// startBackoff spreads the attempts of a start and the restarts after crashes.
var startBackoff = outbox.Backoff{Base: time.Second, Factor: 2, Max: 30 * time.Second, Floor: 0.5}

// act takes the step and writes into t what it leads to.
func (c *Converger) act(ctx context.Context, next step, t *transition) error {
	switch next {
	case stepNone:
		c.markSeen(t)
	case stepWait:
		t.wait = c.pollDelay(t.before)
	case stepLaunch:
		return c.launch(ctx, t)
	case stepAdopt:
		c.markLaunched(t)
	case stepInitialize:
		return c.initialize(ctx, t)
	case stepMarkRunning:
		return c.markRunning(ctx, t)
	case stepMarkUnreachable:
		c.markUnhealthy(t)
		t.after.Observed = Unreachable
	case stepStop:
		t.after.LaunchedGeneration, t.again = 0, true
		return c.driver.stop(ctx, t.before.GameID)
	case stepRemove:
		t.after.ContainerID, t.again = "", true
		return c.driver.remove(ctx, t.before.GameID)
	case stepComplete:
		c.complete(t)
	case stepStartFailed:
		return c.startFailed(ctx, t)
	case stepCrashed:
		c.crashed(t)
	case stepContainerMissing:
		c.containerMissing(t)
	case stepForeignContainer:
		c.foreignContainer(t, "a container that is not ours has the engine's name")
	}
	return nil
}

// markSeen notes that the game was looked at. Nobody looks again at what is
// reached for good.
func (c *Converger) markSeen(t *transition) {
	now := c.clock.Now()
	t.after.LastSeenAt = &now
	t.after.Settled = t.before.Desired != WantRunning || t.before.Observed.Final()
	if t.before.Observed == Unreachable {
		c.markUnhealthy(t)
	}
}

// markUnhealthy notes why the engine cannot work, and looks again soon.
func (c *Converger) markUnhealthy(t *transition) {
	reason := reasonOf(t.observation.Health)
	t.after.LastCode, t.after.LastError, t.wait = reason, reason, unhealthyRetryDelay
}

// pollDelay is how long to wait for an engine that comes up: little at first.
func (c *Converger) pollDelay(r Record) time.Duration {
	if r.LaunchedAt == nil {
		return time.Second
	}
	return min(max(c.clock.Now().Sub(*r.LaunchedAt)/2, 50*time.Millisecond), time.Second)
}

// markLaunched takes a container of ours into the record.
func (c *Converger) markLaunched(t *transition) {
	now := c.clock.Now()
	t.after.Observed, t.after.LaunchedGeneration = Starting, t.after.Generation
	t.after.LaunchedAt, t.after.LastSeenAt = &now, &now
	t.after.ExitCode, t.after.OOM = nil, false
	t.again = true
}

// complete records that a stop or a removal is complete.
func (c *Converger) complete(t *transition) {
	now := c.clock.Now()
	t.after.Observed = Stopped
	if t.before.Desired == WantRemoved {
		t.after.Observed, t.after.ContainerID, t.after.Endpoint = Removed, "", ""
	}
	if t.observation.ended() {
		t.recordExit()
	}
	t.after.LaunchedGeneration, t.after.Failures, t.after.LastCode, t.after.LastError = 0, 0, "", ""
	t.after.LastSeenAt, t.after.Settled, t.end = &now, true, OpSucceeded
}

// startFailed ends an attempt to start: the container did not live, or the
// engine in it did not answer in time.
func (c *Converger) startFailed(ctx context.Context, t *transition) error {
	reason := "the container is gone"
	switch {
	case t.observation.running():
		reason = "no healthy answer in time: " + reasonOf(t.observation.Health)
	case t.observation.ended():
		t.recordExit()
		reason = exitReason(t.observation)
	}
	return c.retryStart(ctx, t, failure{notification.KindContainerStartFailed, "container_start_failed", reason})
}

// failure says why a start did not succeed, and how operators are told when it
// is final.
type failure struct {
	kind         notification.Kind
	code, reason string
}

// payload tells operators of the failure that was final.
func (f failure) payload(game uuid.UUID, image string) notification.Payload {
	reason := sanitize.Line(f.reason)
	switch f.kind {
	case notification.KindImagePullFailed:
		return notification.ImagePullFailed{GameID: game, Reason: reason, ImageRef: image}
	case notification.KindStartConfigInvalid:
		return notification.StartConfigInvalid{GameID: game, Reason: reason, ImageRef: image}
	}
	return notification.ContainerStartFailed{GameID: game, Reason: reason, ImageRef: image}
}

// retryStart counts an attempt and gives up after the last one.
func (c *Converger) retryStart(ctx context.Context, t *transition, f failure) error {
	t.after.Failures++
	if t.after.Failures >= maxStartAttempts {
		return c.giveUp(ctx, t, f)
	}
	if err := c.cleanUp(ctx, t); err != nil {
		return err
	}
	t.fail(Starting, f.code, f.reason)
	t.wait = startBackoff.Next(t.after.Failures)
	return nil
}

// giveUp makes the failure final for this generation, and leaves no container
// behind.
func (c *Converger) giveUp(ctx context.Context, t *transition, f failure) error {
	if err := c.cleanUp(ctx, t); err != nil {
		return err
	}
	t.fail(StartFailed, f.code, f.reason)
	t.after.Settled, t.end = true, OpFailed
	t.notice(t.generationKey(), f.payload(t.before.GameID, t.after.Image))
	return nil
}

// cleanUp removes what a failed start left.
func (c *Converger) cleanUp(ctx context.Context, t *transition) error {
	game := t.before.GameID
	if t.observation.running() {
		if err := c.driver.stop(ctx, game); err != nil {
			return err
		}
	}
	t.after.LaunchedGeneration, t.after.ContainerID = 0, ""
	return c.driver.remove(ctx, game)
}

// crashed starts the engine again, unless it died too often lately. An exit code
// of 0 is a crash too: nobody asked the engine to end.
func (c *Converger) crashed(t *transition) {
	now := c.clock.Now()
	t.recordExit()
	t.after.LaunchedGeneration = 0
	if t.after.RestartsSince == nil || now.Sub(*t.after.RestartsSince) > restartWindow {
		t.after.Restarts, t.after.RestartsSince = 0, &now
	}
	t.after.Restarts++
	if t.after.Restarts <= maxRestarts {
		t.fail(Starting, "container_crashed", exitReason(t.observation))
		t.wait = startBackoff.Next(t.after.Restarts)
		return
	}
	t.fail(Crashed, "container_crashed", exitReason(t.observation))
	t.after.Settled, t.end = true, OpFailed
	t.notice(t.generationKey(), notification.ContainerCrashed{
		GameID: t.before.GameID, ExitCode: t.observation.ExitCode, OutOfMemory: t.observation.OOMKilled,
	})
}

// containerMissing tells operators. The next look makes the container anew, from
// the state directory.
func (c *Converger) containerMissing(t *transition) {
	key := t.generationKey() + ":container:" + t.before.ContainerID
	t.notice(key, notification.ContainerMissing{GameID: t.before.GameID})
	t.fail(Removed, "container_missing", "the container is gone")
	t.after.LaunchedGeneration, t.after.ContainerID, t.after.Endpoint = 0, "", ""
	t.again = true
}

// foreignContainer gives up because the container with our name is not ours. It
// is left alone.
func (c *Converger) foreignContainer(t *transition, reason string) {
	t.fail(StartFailed, "container_foreign", reason)
	t.after.LaunchedGeneration, t.after.Settled, t.end = 0, true, OpFailed
	game := t.before.GameID
	t.notice(t.generationKey(), notification.ContainerForeign{GameID: game, Container: driver.Name(game)})
}

// reasonOf is the stable part of an error, without what an engine wrote.
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason
}

func exitReason(o observation) string {
	switch {
	case o.Error != "":
		return o.Error
	case o.OOMKilled:
		return "the engine ran out of memory"
	case o.Phase == driver.PhaseCreated:
		return "the engine did not start"
	}
	return fmt.Sprintf("the engine ended with exit code %d", o.ExitCode)
}
