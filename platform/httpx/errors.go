package httpx

import "galaxy/backend/platform/fault"

// The faults of requests as such. Domains reuse ErrInvalid and ErrValidation for what
// the document cannot say: errors.Is sees through refined copies.
var (
	ErrInvalid     = fault.New(fault.Invalid, "invalid_request", "the request is malformed")
	ErrValidation  = fault.New(fault.Unprocessable, "validation_failed", "the request does not fit its schema")
	ErrUnknownUser = fault.New(fault.Unauthenticated, "unauthenticated", "X-User-ID is missing or malformed")

	errCredentials = fault.New(fault.Unauthenticated, "unauthenticated", "the credentials are missing or wrong")
	errForbidden   = fault.New(fault.Forbidden, "forbidden", "the role does not allow this")
	errNotFound    = fault.New(fault.NotFound, "not_found", "not found")
	errMethod      = fault.New(fault.Method, "method_not_allowed", "the method is not allowed here")
	errTooLarge    = fault.New(fault.TooLarge, "body_too_large", "the body is too large")
	errMediaType   = fault.New(fault.MediaType, "unsupported_media_type", "the body has to be application/json")
	errSlow        = fault.New(fault.Timeout, "request_timeout", "the body took too long to arrive")
	errUnavailable = fault.New(fault.Unavailable, "unavailable", "the service cannot do this now; try again")
)

// Invalid is ErrInvalid naming one field.
func Invalid(name, code, message string) *fault.Error {
	return ErrInvalid.At(fault.Field{Name: name, Code: code, Message: message})
}

// Validation is ErrValidation naming one field: for rules that a schema cannot
// express, such as two fields that contradict each other.
func Validation(name, code, message string) *fault.Error {
	return ErrValidation.At(fault.Field{Name: name, Code: code, Message: message})
}
