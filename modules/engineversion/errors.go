package engineversion

import "galaxy/backend/platform/fault"

// What questions and changes can be refused with.
var (
	ErrNotFound  = fault.New(fault.NotFound, "engine_version_not_found", "engine version not found")
	ErrInactive  = fault.New(fault.Conflict, "engine_version_not_active", "the engine version starts no new games")
	ErrBlocked   = fault.New(fault.Conflict, "engine_version_blocked", "the engine version may not be started")
	ErrInUse     = fault.New(fault.Conflict, "engine_version_in_use", "games use the engine version")
	ErrExists    = fault.New(fault.Conflict, "engine_version_exists", "the engine version is registered with other values")
	ErrIsDefault = fault.New(fault.Conflict, "engine_version_is_default",
		"the default engine version can neither be deleted nor start no games, make another one the default first")
	ErrNoDefault = fault.New(fault.Conflict, "no_default_engine_version", "no engine version is the default")
	// ErrRevisionMismatch says that If-Match named another revision.
	ErrRevisionMismatch = fault.New(fault.Precondition, "version_mismatch",
		"the engine version has changed, read it again")
	ErrInvalidVersion = fault.New(fault.Invalid, "invalid_engine_version",
		"a version has the form MAJOR.MINOR.PATCH, with an optional pre-release")
	ErrInvalidImage = fault.New(fault.Invalid, "invalid_image_ref",
		"an image reference names a repository and a tag or digest")
)
