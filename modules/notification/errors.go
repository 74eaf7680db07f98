package notification

import "galaxy/backend/platform/fault"

// ErrNotFound says that the user has no such notification.
var ErrNotFound = fault.New(fault.NotFound, "not_found", "no such notification")
