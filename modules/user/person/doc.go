// Package person judges what people write about themselves: addresses, display
// names, languages, time zones, and draws user names. It touches nothing else.
//
// Every judgement returns the canonical spelling of a value, and of its own
// result the same again, or a fault of the class unprocessable that names the
// field. What a schema can say about the values openapi.yaml says.
package person

import "galaxy/backend/platform/fault"

// ErrEmail refuses what is not a plain address.
var ErrEmail = Wrong("email", "invalid_email", "a plain address such as name@example.org is needed")

// Wrong says what is wrong with one field of a body that a schema cannot judge.
func Wrong(field, code, message string) *fault.Error {
	return fault.New(fault.Unprocessable, "validation_failed", "the request does not fit its schema").
		At(fault.Field{Name: field, Code: code, Message: message})
}
