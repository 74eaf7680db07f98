package runtime

import (
	"time"

	"galaxy/backend/modules/runtime/driver"
)

// step is the one thing to do next for a game.
type step string

// The steps. Each may be repeated; what it did or found is recorded before the
// next one is decided.
const (
	stepNone             step = "none"              // all is as desired
	stepWait             step = "wait"              // the engine is coming up
	stepLaunch           step = "launch"            // make the container, or start the one there is
	stepAdopt            step = "adopt"             // take a running container of ours into the record
	stepInitialize       step = "initialize"        // give the engine its game
	stepMarkRunning      step = "mark_running"      // record that the engine runs
	stepMarkUnreachable  step = "mark_unreachable"  // record that it does not answer
	stepStop             step = "stop"              // stop the container
	stepRemove           step = "remove"            // remove the container
	stepComplete         step = "complete"          // record that a stop or a removal is complete
	stepStartFailed      step = "start_failed"      // the start did not succeed; try again or give up
	stepCrashed          step = "crashed"           // the engine died; start it again or give up
	stepContainerMissing step = "container_missing" // its container is gone
	stepForeignContainer step = "foreign_container" // the name is taken by a container that is not ours
)

const (
	// startTimeout is how long an engine may take from its launch to its first
	// healthy answer. Recovering a long game is a matter of seconds.
	startTimeout = time.Minute
	// maxStartAttempts is how often one request tries to start an engine.
	maxStartAttempts = 5
	// maxRestarts is how many crashes within restartWindow are forgiven.
	maxRestarts = 3
	// restartWindow is how long a crash is remembered.
	restartWindow = 10 * time.Minute
)

// observation is what was seen of a game's engine. Health is nil when the engine
// answers; only a running engine of the desired generation is asked.
type observation struct {
	driver.Observed
	Health error
}

// ended reports whether the engine has ended, or was made and never started.
func (o observation) ended() bool {
	return o.Phase == driver.PhaseExited || o.Phase == driver.PhaseCreated
}

// running reports whether the engine was started and has not ended.
func (o observation) running() bool { return o.Phase == driver.PhaseRunning }

// absent reports whether there is no engine.
func (o observation) absent() bool { return o.Phase == driver.PhaseAbsent }

// matches reports whether the engine is of the record's version and generation.
func (o observation) matches(r Record) bool {
	return o.Version == r.Version && o.Generation == int64(r.Generation)
}

// decide chooses the next step. It knows nothing but its arguments and is asked
// anew after every step, so whatever a crash left behind is one more observation.
func decide(r Record, o observation, now time.Time) step {
	if o.Foreign {
		return decideForeign(r)
	}
	switch r.Desired {
	case WantRemoved:
		return decideRemoved(r, o)
	case WantStopped:
		return decideStopped(r, o)
	}
	switch {
	case r.Observed.Final():
		return stepNone
	case o.running():
		return decideUp(r, o, now)
	}
	return decideDown(r, o)
}

// What is not ours is never touched. It prevents a start; for the rest it is as
// if there were nothing.
func decideForeign(r Record) step {
	switch {
	case r.Desired == WantRunning && r.Observed.Final():
		return stepNone
	case r.Desired == WantRunning:
		return stepForeignContainer
	case r.Desired == WantStopped && r.Observed == Stopped, r.Desired == WantRemoved && r.Observed == Removed:
		return stepNone
	}
	return stepComplete
}

func decideRemoved(r Record, o observation) step {
	switch {
	case o.running():
		return stepStop
	case o.ended():
		return stepRemove
	case r.Observed == Removed && r.OperationID == nil:
		return stepNone
	}
	return stepComplete
}

// A stop that was requested is never a crash: how the engine ended is recorded
// and nothing more.
func decideStopped(r Record, o observation) step {
	switch {
	case o.running():
		return stepStop
	case r.Observed == Stopped && r.OperationID == nil:
		return stepNone
	}
	return stepComplete
}

// decideDown is about an engine that shall run and does not. One that was made
// and not started, or ended together with the backend, is started again, and
// nothing crashed.
func decideDown(r Record, o observation) step {
	switch {
	case o.Phase == driver.PhaseCreated:
		return stepLaunch
	case r.Launched() && r.Observed.Up() && o.absent():
		return stepContainerMissing
	case r.Launched() && r.Observed.Up():
		return stepCrashed
	case r.Launched():
		return stepStartFailed
	}
	return stepLaunch // a stopped container with our name is no obstacle
}

// decideUp is about an engine that shall run and whose container does.
func decideUp(r Record, o observation, now time.Time) step {
	switch {
	case !o.matches(r):
		return stepStop
	case !r.Launched():
		return stepAdopt
	case o.Health == nil && r.InitializedAt == nil:
		return stepInitialize
	case o.Health == nil && r.Observed == Running && r.OperationID == nil:
		return stepNone
	case o.Health == nil:
		return stepMarkRunning
	case r.Observed == Running:
		return stepMarkUnreachable
	case r.Observed == Unreachable:
		return stepNone
	case r.LaunchedAt != nil && now.Sub(*r.LaunchedAt) >= startTimeout:
		return stepStartFailed
	}
	return stepWait
}
