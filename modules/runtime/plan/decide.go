package plan

import (
	"time"

	"galaxy/backend/modules/runtime/driver"
)

// Step is the one thing to do next for a game.
type Step string

// The steps. Each may be repeated; what it found or did is recorded before the
// next one is decided.
const (
	Rest     Step = "rest"     // all is as wanted
	Wait     Step = "wait"     // the engine is coming up
	Launch   Step = "launch"   // make the container, or wake the one there is
	Adopt    Step = "adopt"    // take a running container of ours into the record
	Found    Step = "found"    // give the engine its game
	Arrive   Step = "arrive"   // record that the engine runs
	Fade     Step = "fade"     // record that it does not answer
	Halt     Step = "halt"     // stop the container
	Discard  Step = "discard"  // remove the container
	Settle   Step = "settle"   // record that what was wanted is reached
	Falter   Step = "falter"   // the start did not work out; try again or give up
	Crash    Step = "crash"    // it died; start it again or give up
	Miss     Step = "miss"     // its container is gone
	Estrange Step = "estrange" // the name is taken by a container that is not ours
)

// Sight is what a look at a game found. Health is nil when the engine answers;
// only a running engine of the generation that is wanted is asked.
type Sight struct {
	driver.Observed
	Health error
}

// Over reports whether the engine has ended, or was made and never started.
func (s Sight) Over() bool { return s.Phase == driver.PhaseExited || s.Phase == driver.PhaseCreated }

// Alive reports whether the engine was started and has not ended.
func (s Sight) Alive() bool { return s.Phase == driver.PhaseRunning }

// Absent reports whether there is no engine.
func (s Sight) Absent() bool { return s.Phase == driver.PhaseAbsent }

// Wanted reports whether the engine is of the record's version and generation.
func (s Sight) Wanted(r Record) bool {
	return s.Version == r.Version && s.Generation == int64(r.Generation)
}

// Decide chooses the next step. It knows nothing but its arguments, and is
// asked anew after every step.
func Decide(r Record, s Sight, now time.Time) Step {
	if s.Foreign {
		return estranged(r)
	}
	switch r.Desired {
	case WantRemoved:
		return towardsRemoved(r, s)
	case WantStopped:
		return towardsStopped(r, s)
	}
	switch {
	case r.Observed.Final():
		return Rest
	case s.Alive():
		return alive(r, s, now)
	}
	return down(r, s)
}

// estranged: what is not ours is never touched. It stops a start; for the rest
// it is as if there were nothing.
func estranged(r Record) Step {
	switch {
	case r.Desired == WantRunning && r.Observed.Final():
		return Rest
	case r.Desired == WantRunning:
		return Estrange
	case r.Desired == WantStopped && r.Observed == Stopped, r.Desired == WantRemoved && r.Observed == Removed:
		return Rest
	}
	return Settle
}

func towardsRemoved(r Record, s Sight) Step {
	switch {
	case s.Alive():
		return Halt
	case s.Over():
		return Discard
	case r.Observed == Removed && r.OperationID == nil:
		return Rest
	}
	return Settle
}

// A stop that was asked for is never a crash: how the engine ended is recorded
// and nothing more.
func towardsStopped(r Record, s Sight) Step {
	switch {
	case s.Alive():
		return Halt
	case r.Observed == Stopped && r.OperationID == nil:
		return Rest
	}
	return Settle
}

// An engine that was made and not started, or ended together with the backend,
// is started again, and nothing crashed.
func down(r Record, s Sight) Step {
	switch {
	case s.Phase == driver.PhaseCreated:
		return Launch
	case r.Launched() && r.Observed.Up() && s.Absent():
		return Miss
	case r.Launched() && r.Observed.Up():
		return Crash
	case r.Launched():
		return Falter
	}
	return Launch // a stopped container with our name is no obstacle
}

func alive(r Record, s Sight, now time.Time) Step {
	switch {
	case !s.Wanted(r):
		return Halt
	case !r.Launched():
		return Adopt
	case s.Health == nil && r.InitializedAt == nil:
		return Found
	case s.Health == nil && r.Observed == Running && r.OperationID == nil:
		return Rest
	case s.Health == nil:
		return Arrive
	case r.Observed == Running:
		return Fade
	case r.Observed == Unreachable:
		return Rest
	case r.LaunchedAt != nil && now.Sub(*r.LaunchedAt) >= StartTimeout:
		return Falter
	}
	return Wait
}

const (
	// StartTimeout is how long an engine may take from its launch to its first
	// healthy answer. Recovering a long game is a matter of seconds.
	StartTimeout = time.Minute
	// StartAttempts is how often one request tries to start an engine.
	StartAttempts = 5
	// MaxRestarts is how many crashes within RestartWindow are forgiven.
	MaxRestarts = 3
	// RestartWindow is how long a crash is remembered.
	RestartWindow = 10 * time.Minute
)
