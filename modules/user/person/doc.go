// Package person validates and normalises what people write about themselves:
// addresses, display names, languages and time zones. It also draws user names.
//
// Every Normalize function returns the canonical spelling of a value, which it
// would return unchanged, or a fault of the class unprocessable that names the
// field. What a schema can say about the values openapi.yaml says.
package person

import "galaxy/backend/platform/fault"

// ErrEmail refuses what is not a plain address.
var ErrEmail = InvalidField("email", "invalid_email", "a plain address such as name@example.org is needed")

// InvalidField is the fault for one field of a body that breaks a rule no schema
// can express.
func InvalidField(field, code, message string) *fault.Error {
	return fault.New(fault.Unprocessable, "validation_failed", "the request does not fit its schema").
		At(fault.Field{Name: field, Code: code, Message: message})
}
