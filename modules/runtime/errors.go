package runtime

import "galaxy/backend/platform/fault"

// What requests can be refused with.
var (
	ErrNotFound          = fault.New(fault.NotFound, "runtime_not_found", "the game has no engine")
	ErrOperationNotFound = fault.New(fault.NotFound, "not_found", "operation not found")
	// ErrBusy says that somebody else holds the game's lease.
	ErrBusy = fault.New(fault.Conflict, "runtime_busy", "the game's engine is being worked on")
	// ErrNotRunning says that there is no engine to work with now.
	ErrNotRunning = fault.New(fault.Conflict, "runtime_not_running", "the game's engine is not running")
	// ErrLeaseLost says that the lease ran out and somebody may have taken it.
	ErrLeaseLost = fault.New(fault.Conflict, "runtime_lease_lost", "the lease of the game's engine is over")
	// ErrDriverUnavailable says that what runs engines cannot be asked now.
	ErrDriverUnavailable = fault.New(fault.Unavailable, "runtime_unavailable",
		"engines cannot be reached now, try again shortly")
	// ErrNeverStarted says that only the game itself can make the first start.
	ErrNeverStarted = fault.New(fault.Conflict, "runtime_not_startable",
		"the engine has never been started, its game starts it")
)
