package admin

import "galaxy/backend/platform/fault"

var (
	// ErrNotFound says there is no such operator.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "no such admin account")
	// ErrExists refuses a second account of one name.
	ErrExists = fault.New(fault.Conflict, "admin_exists", "an admin account of this name exists with another role")
	// ErrLastAdmin keeps the platform from losing its last administrator.
	ErrLastAdmin = fault.New(fault.Conflict, "last_admin", "this is the last enabled admin account")
	// ErrWeakPassword refuses passwords that bcrypt would cut or people would guess.
	ErrWeakPassword = fault.New(fault.Unprocessable, "weak_password", "a password has 15 to 72 bytes and no control characters")
	// ErrUsername refuses what is not a user name.
	ErrUsername = fault.New(fault.Unprocessable, "validation_failed", "a user name has 2 to 32 letters, digits, dots, dashes or underscores")
	// ErrCredentials is the one answer to wrong, unknown and disabled.
	ErrCredentials = fault.New(fault.Unauthenticated, "unauthenticated", "the credentials are not valid")
	// ErrThrottled asks a guesser to wait.
	ErrThrottled = fault.New(fault.Throttled, "throttled", "too many failed attempts, try again later")
)
