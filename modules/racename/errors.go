package racename

import "galaxy/backend/platform/fault"

// What can be wrong with a race name, with claiming or with registering it.
var (
	ErrInvalid     = fault.New(fault.Unprocessable, "invalid_race_name", "invalid race name")
	ErrInvalidPath = fault.New(fault.Invalid, "invalid_request", "invalid race name")
	ErrTaken       = fault.New(fault.Conflict, "race_name_taken", "the race name, or one that looks like it, is taken")
	ErrNotFound    = fault.New(fault.NotFound, "not_found", "no race name to register was found")
	ErrExpired     = fault.New(fault.Conflict, "race_name_expired", "the time to register the race name is over")
	ErrLimit       = fault.New(fault.Conflict, "race_name_limit_reached", "the plan allows no further registered race name")
)
