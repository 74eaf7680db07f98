package runtime

import "galaxy/backend/platform/fault"

// What requests can be refused with.
var (
	ErrNotFound          = fault.New(fault.NotFound, "runtime_not_found", "the game has no engine")
	ErrOperationNotFound = fault.New(fault.NotFound, "not_found", "there is no such operation")
	// ErrBusy says that somebody else holds the game's lease.
	ErrBusy = fault.New(fault.Conflict, "runtime_busy", "the game's engine is being worked on")
	// ErrNotRunning says that there is no engine to work with now.
	ErrNotRunning = fault.New(fault.Conflict, "runtime_not_running", "the game's engine is not running")
	// ErrLeaseLost says that the lease ran out and somebody may have taken it.
	ErrLeaseLost = fault.New(fault.Conflict, "runtime_lease_lost", "the lease of the game's engine is over")
	// ErrDriverUnavailable says that what runs engines cannot be asked now.
	ErrDriverUnavailable = fault.New(fault.Unavailable, "runtime_unavailable", "engines cannot be reached now, try again shortly")

	ErrVersionNotFound   = fault.New(fault.NotFound, "engine_version_not_found", "there is no such engine version")
	ErrVersionInactive   = fault.New(fault.Conflict, "engine_version_not_active", "the engine version starts no new games")
	ErrVersionBlocked    = fault.New(fault.Conflict, "engine_version_blocked", "the engine version may not be started")
	ErrVersionInUse      = fault.New(fault.Conflict, "engine_version_in_use", "games use the engine version")
	ErrVersionExists     = fault.New(fault.Conflict, "engine_version_exists", "the engine version is registered with other values")
	ErrVersionIsDefault  = fault.New(fault.Conflict, "engine_version_is_default", "the default engine version cannot be taken away, choose another default first")
	ErrNoDefault         = fault.New(fault.Conflict, "no_default_engine_version", "no engine version is the default")
	ErrVersionChanged    = fault.New(fault.Precondition, "version_conflict", "the engine version has changed meanwhile")
	ErrInvalidVersion    = fault.New(fault.Invalid, "invalid_engine_version", "a version has the form MAJOR.MINOR.PATCH, with an optional pre-release")
	ErrInvalidImage      = fault.New(fault.Invalid, "invalid_image_ref", "an image reference names a repository and a tag or digest")
	ErrInvalidDesiredRun = fault.New(fault.Conflict, "runtime_not_startable", "the engine has never been started, its game starts it")
)
