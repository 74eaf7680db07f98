package mail

import "galaxy/backend/platform/fault"

var (
	// ErrNotFound says that the delivery does not exist.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "mail delivery not found")
	// ErrAlreadySent refuses to send again what the relay has accepted.
	ErrAlreadySent = fault.New(fault.Conflict, "already_sent", "the delivery has already been sent")
	// ErrNotResendable refuses a resend in a state that does not allow it.
	ErrNotResendable = fault.New(fault.Conflict, "not_resendable", "a delivery in this state cannot be sent again")
	// ErrScrubbed refuses to send a payload that has been removed.
	ErrScrubbed = fault.New(fault.Conflict, "payload_scrubbed", "the content of the delivery has been removed")
)
