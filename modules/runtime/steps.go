package runtime

import (
	"context"
	"time"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/plan"
	"galaxy/backend/platform/outbox"
)

// retries spreads the attempts of a start and the restarts after crashes.
var retries = outbox.Backoff{Base: time.Second, Factor: 2, Max: 30 * time.Second, Floor: 0.5}

// take does the step and writes into m what it leads to.
func (c *Converger) take(ctx context.Context, step plan.Step, m *move) error {
	switch step {
	case plan.Rest:
		c.rest(m)
	case plan.Wait:
		m.wait = c.patience(m.before)
	case plan.Launch:
		return c.launch(ctx, m)
	case plan.Adopt:
		c.launched(m)
	case plan.Found:
		return c.found(ctx, m)
	case plan.Arrive:
		return c.arrive(ctx, m)
	case plan.Fade:
		c.ail(m)
		m.after.Observed = Unreachable
	case plan.Halt:
		m.after.LaunchedGeneration, m.again = 0, true
		return c.stop(ctx, m.before.GameID)
	case plan.Discard:
		m.after.ContainerID, m.again = "", true
		return c.remove(ctx, m.before.GameID)
	case plan.Settle:
		c.settle(m)
	case plan.Falter:
		return c.falter(ctx, m)
	case plan.Crash:
		c.crash(m)
	case plan.Miss:
		c.miss(m)
	case plan.Estrange:
		c.estrange(m, "a container that is not ours has the engine's name")
	}
	return nil
}

// rest notes that the game was looked at. Nobody looks again at what is reached
// for good.
func (c *Converger) rest(m *move) {
	now := c.clock.Now()
	m.after.LastSeenAt = &now
	m.after.Settled = m.before.Desired != WantRunning || m.before.Observed.Final()
	if m.before.Observed == Unreachable {
		c.ail(m)
	}
}

// ail notes why the engine cannot work, and looks again soon.
func (c *Converger) ail(m *move) {
	m.after.LastCode, m.after.LastError, m.wait = reasonOf(m.sight.Health), reasonOf(m.sight.Health), sickRetry
}

// patience is how long to wait for an engine that comes up: little at first.
func (c *Converger) patience(r Record) time.Duration {
	if r.LaunchedAt == nil {
		return time.Second
	}
	return min(max(c.clock.Now().Sub(*r.LaunchedAt)/2, 50*time.Millisecond), time.Second)
}

// launched takes a container of ours into the record.
func (c *Converger) launched(m *move) {
	now := c.clock.Now()
	m.after.Observed, m.after.LaunchedGeneration, m.after.LaunchedAt, m.after.LastSeenAt = Starting, m.after.Generation, &now, &now
	m.after.ExitCode, m.after.OOM = nil, false
	m.again = true
}

func (c *Converger) settle(m *move) {
	now := c.clock.Now()
	m.after.Observed = Stopped
	if m.before.Desired == WantRemoved {
		m.after.Observed, m.after.ContainerID, m.after.Endpoint = Removed, "", ""
	}
	if m.sight.Over() {
		m.exit()
	}
	m.after.LaunchedGeneration, m.after.Failures, m.after.LastCode, m.after.LastError = 0, 0, "", ""
	m.after.LastSeenAt, m.after.Settled, m.end = &now, true, OpSucceeded
}

func (m *move) exit() {
	code := m.sight.ExitCode
	m.after.ExitCode, m.after.OOM = &code, m.sight.OOMKilled
}

// falter ends an attempt to start: the container did not live, or the engine in
// it did not answer in time.
func (c *Converger) falter(ctx context.Context, m *move) error {
	reason := "the container is gone"
	switch {
	case m.sight.Alive():
		reason = "no healthy answer in time: " + reasonOf(m.sight.Health)
	case m.sight.Over():
		m.exit()
		reason = exitReason(m.sight)
	}
	return c.retry(ctx, m, failure{notification.ContainerStartFailed, "container_start_failed", reason})
}

// failure says why a start did not work out, and how operators hear of it when
// it is final.
type failure struct {
	kind         notification.Kind
	code, reason string
}

// retry counts an attempt and gives up after the last one.
func (c *Converger) retry(ctx context.Context, m *move, f failure) error {
	m.after.Failures++
	if m.after.Failures >= plan.StartAttempts {
		return c.giveUp(ctx, m, f)
	}
	if err := c.clear(ctx, m); err != nil {
		return err
	}
	m.after.Observed, m.after.LastCode, m.after.LastError = Starting, f.code, f.reason
	m.wait = retries.Next(m.after.Failures)
	return nil
}

// giveUp makes the failure final for this generation, and leaves no container
// behind.
func (c *Converger) giveUp(ctx context.Context, m *move, f failure) error {
	if err := c.clear(ctx, m); err != nil {
		return err
	}
	m.after.Observed, m.after.LastCode, m.after.LastError = StartFailed, f.code, f.reason
	m.after.Settled, m.end = true, OpFailed
	m.notices = append(m.notices, m.notice(f.kind, m.generationKey(), "reason", plan.Plain(f.reason), "image_ref", m.after.Image))
	return nil
}

// clear removes what a failed start left.
func (c *Converger) clear(ctx context.Context, m *move) error {
	game := m.before.GameID
	if m.sight.Alive() {
		if err := c.stop(ctx, game); err != nil {
			return err
		}
	}
	m.after.LaunchedGeneration, m.after.ContainerID = 0, ""
	return c.remove(ctx, game)
}

// crash starts the engine again, unless it died too often lately. An exit code
// of 0 is a crash too: an engine has no business to end by itself.
func (c *Converger) crash(m *move) {
	now := c.clock.Now()
	m.exit()
	m.after.LaunchedGeneration, m.after.LastCode, m.after.LastError = 0, "container_crashed", exitReason(m.sight)
	if m.after.RestartsSince == nil || now.Sub(*m.after.RestartsSince) > plan.RestartWindow {
		m.after.Restarts, m.after.RestartsSince = 0, &now
	}
	m.after.Restarts++
	if m.after.Restarts <= plan.MaxRestarts {
		m.after.Observed, m.wait = Starting, retries.Next(m.after.Restarts)
		return
	}
	m.after.Observed, m.after.Settled, m.end = Crashed, true, OpFailed
	m.notices = append(m.notices, m.notice(notification.ContainerCrashed, m.generationKey(),
		"exit_code", m.sight.ExitCode, "oom", m.sight.OOMKilled))
}

// miss tells that the container is gone. The next look makes it anew from the
// state directory.
func (c *Converger) miss(m *move) {
	key := m.generationKey() + ":container:" + m.before.ContainerID
	m.notices = append(m.notices, m.notice(notification.ContainerMissing, key))
	m.after.Observed, m.after.LastCode, m.after.LastError = Removed, "container_missing", "the container is gone"
	m.after.LaunchedGeneration, m.after.ContainerID, m.after.Endpoint = 0, "", ""
	m.again = true
}

// estrange gives up because the container with our name is not ours. It is left
// alone.
func (c *Converger) estrange(m *move, reason string) {
	m.after.Observed, m.after.LastCode, m.after.LastError = StartFailed, "container_foreign", reason
	m.after.LaunchedGeneration, m.after.Settled, m.end = 0, true, OpFailed
	m.notices = append(m.notices, m.notice(notification.ContainerForeign, m.generationKey(), "container", driver.Name(m.before.GameID)))
}

func (m *move) generationKey() string { return generationKey(m.before.GameID, m.before.Generation) }
