package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Field names one part of the input that is wrong.
type Field struct {
	Name    string `json:"name"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error is a fault. The zero value is an internal fault without a reason;
// make one with New.
type Error struct {
	Code       Code
	Reason     string         // stable token, snake_case
	Message    string         // safe to show to anyone
	Fields     []Field        // which inputs are wrong, for Invalid and Unprocessable
	Details    map[string]any // further facts for the client; rendered as JSON
	RetryAfter time.Duration  // becomes the Retry-After header when positive
	Err        error          // the cause; for the log only
}

// New makes a fault. Domains keep the result as a package value and return
// copies that the methods below refine.
func New(code Code, reason, message string) *Error {
	return &Error{Code: code, Reason: reason, Message: message}
}

// Error renders the fault for a log. It includes the cause.
func (e *Error) Error() string {
	text := e.Reason + ": " + e.Message
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is a fault of the same code and reason, so that a
// refined copy still equals the value it was made from.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Reason == e.Reason
}

// Because returns a copy with a cause.
func (e *Error) Because(err error) *Error {
	c := e.clone()
	c.Err = err
	return c
}

// Saying returns a copy with another message. The message must be safe to show.
func (e *Error) Saying(format string, args ...any) *Error {
	c := e.clone()
	c.Message = fmt.Sprintf(format, args...)
	return c
}

// With returns a copy with one more detail.
func (e *Error) With(key string, value any) *Error {
	c := e.clone()
	if c.Details == nil {
		c.Details = map[string]any{}
	}
	c.Details[key] = value
	return c
}

// At returns a copy that names more wrong fields.
func (e *Error) At(fields ...Field) *Error {
	c := e.clone()
	c.Fields = append(c.Fields, fields...)
	return c
}

// After returns a copy that asks the client to wait d before it tries again.
func (e *Error) After(d time.Duration) *Error {
	c := e.clone()
	c.RetryAfter = d
	return c
}

func (e *Error) clone() *Error {
	c := *e
	c.Fields = slices.Clone(e.Fields)
	c.Details = maps.Clone(e.Details)
	return &c
}

// ErrInternal is what clients see of every error that is not a fault.
var ErrInternal = New(Internal, "internal_error", "something went wrong on our side")

// From returns the first fault in err's chain, or an internal one that wraps
// err. It returns nil for nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var f *Error
	if errors.As(err, &f) {
		return f
	}
	return ErrInternal.Because(err)
}

// IsInternal reports whether err is a failure on the backend's side (status 500
// and above), not a refusal. It is false for nil.
func IsInternal(err error) bool {
	return err != nil && From(err).Code.Status() >= 500
}
