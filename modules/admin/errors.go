package admin

import "galaxy/backend/platform/fault"

var (
	// ErrNotFound says that there is no such account.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "no such admin account")
	// ErrExists refuses to create an account again with another role.
	ErrExists = fault.New(fault.Conflict, "admin_exists", "an admin account of this name exists with another role")
	// ErrLastAdmin keeps the last enabled administrator.
	ErrLastAdmin = fault.New(fault.Conflict, "last_admin", "this is the last enabled admin account")
	// ErrWeakPassword refuses passwords that bcrypt would truncate or people would guess.
	ErrWeakPassword = fault.New(fault.Unprocessable, "weak_password",
		"a password has 15 to 72 bytes and no control characters")
	// ErrInvalidUsername refuses a malformed user name.
	ErrInvalidUsername = fault.New(fault.Unprocessable, "validation_failed", "a user name has "+usernameRule)
	// ErrCredentials answers a wrong password, an unknown user name and a disabled
	// account alike.
	ErrCredentials = fault.New(fault.Unauthenticated, "unauthenticated", "the credentials are not valid")
	// ErrThrottled refuses further attempts for a while.
	ErrThrottled = fault.New(fault.Throttled, "throttled", "too many failed attempts, try again later")
)
