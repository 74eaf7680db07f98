package mail

import "galaxy/backend/platform/fault"

var (
	// ErrNotFound says there is no such delivery.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "no such mail delivery")
	// ErrAlreadySent refuses to send what has left the relay once more.
	ErrAlreadySent = fault.New(fault.Conflict, "already_sent", "the delivery was sent already")
	// ErrNotResendable refuses a resend in the other states.
	ErrNotResendable = fault.New(fault.Conflict, "not_resendable", "a delivery in this state cannot be sent again")
	// ErrScrubbed refuses to send a payload that is gone.
	ErrScrubbed = fault.New(fault.Conflict, "payload_scrubbed", "the content of the delivery has been removed")
)
