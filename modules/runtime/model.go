package runtime

import (
	"github.com/google/uuid"

	"galaxy/backend/modules/runtime/plan"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// The words of the domain, which plan and registry reason about.
type (
	Desired         = plan.Desired
	Observed        = plan.Observed
	Source          = plan.Source
	State           = plan.State
	Record          = plan.Record
	Operation       = plan.Operation
	OperationKind   = plan.OperationKind
	OperationStatus = plan.OperationStatus
)

// What can be asked for, what can be seen, and who can ask.
const (
	WantRunning = plan.WantRunning
	WantStopped = plan.WantStopped
	WantRemoved = plan.WantRemoved

	Starting    = plan.Starting
	Running     = plan.Running
	Unreachable = plan.Unreachable
	Stopped     = plan.Stopped
	StartFailed = plan.StartFailed
	Crashed     = plan.Crashed
	Removed     = plan.Removed

	User     = plan.User
	Operator = plan.Operator
	System   = plan.System
)

// The kinds and states of requests.
const (
	OpStart   = plan.OpStart
	OpStop    = plan.OpStop
	OpRestart = plan.OpRestart
	OpRemove  = plan.OpRemove

	OpQueued     = plan.OpQueued
	OpRunning    = plan.OpRunning
	OpSucceeded  = plan.OpSucceeded
	OpFailed     = plan.OpFailed
	OpSuperseded = plan.OpSuperseded
)

// Spec is what a game needs to be started.
type Spec struct {
	GameID  uuid.UUID
	Version string // of the engine
	// Init founds the game. It counts until the engine has been founded once; a
	// missing seed is drawn here, so that the document stays the same.
	Init enginev1.InitRequest
}

// Change is what observers hear of.
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

// Lease is the right to work with the engine of one game, alone.
type Lease struct {
	GameID, Token uuid.UUID
	Version       string // of the engine
}
