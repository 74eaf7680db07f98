package runtime

import (
	"github.com/google/uuid"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// Desired is what somebody asked for.
type Desired string

// What can be asked for. A removed engine has no container; its state directory
// is kept.
const (
	WantRunning Desired = "running"
	WantStopped Desired = "stopped"
	WantRemoved Desired = "removed"
)

// Observed is what was seen last.
type Observed string

// What can be seen. StartFailed and Crashed are final for their generation.
const (
	Starting    Observed = "starting"
	Running     Observed = "running"
	Unreachable Observed = "engine_unreachable"
	Stopped     Observed = "stopped"
	StartFailed Observed = "start_failed"
	Crashed     Observed = "crashed"
	Removed     Observed = "removed"
)

// Up reports whether the engine has come up and not gone down again.
func (o Observed) Up() bool { return o == Running || o == Unreachable }

// Final reports whether only a new request goes on.
func (o Observed) Final() bool { return o == StartFailed || o == Crashed }

// Source is who asked.
type Source string

// The sources of a request.
const (
	User     Source = "user"
	Operator Source = "operator"
	System   Source = "system"
)

// Spec is what a game needs to be started.
type Spec struct {
	GameID  uuid.UUID
	Version string // of the engine
	// Init sets the game up. It counts until the engine has been initialized; a
	// missing seed is drawn here, so that the request stays the same.
	Init enginev1.InitRequest
}

// Change is what observers are told.
type Change struct {
	GameID            uuid.UUID
	Desired, Observed string
	Generation        int
	// Operation is the kind of the request that ended with this change, or "".
	Operation string
	// Status is the engine's own account, when Observed is running.
	Status *enginev1.Status
	// Error says why, as a stable token, when Observed is start_failed, crashed
	// or removed.
	Error  string
	Source Source // of the last request
}

// State is what others may know of an engine.
type State struct {
	Desired, Observed, Version string
	Generation                 int
	LastError                  string // a stable token such as image_pull_failed, or ""
}

// Lease is the right to work with the engine of one game, alone.
type Lease struct {
	GameID, Token uuid.UUID
	Version       string // of the engine
}
