package fault

import (
	"fmt"
	"net/http"
)

// Code is the class of a fault. It decides the HTTP status and nothing else.
type Code uint8

// The classes, in the order of their HTTP status.
const (
	Internal Code = iota // the zero value, so that a forgotten code never looks like the client's mistake
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	Method
	Timeout
	Conflict
	Gone
	Precondition
	TooLarge
	MediaType
	Unprocessable
	Throttled
	BadGateway
	Unavailable
)

var codes = [...]struct {
	name   string
	status int
}{
	Internal:        {"internal", http.StatusInternalServerError},
	Invalid:         {"invalid", http.StatusBadRequest},
	Unauthenticated: {"unauthenticated", http.StatusUnauthorized},
	Forbidden:       {"forbidden", http.StatusForbidden},
	NotFound:        {"not_found", http.StatusNotFound},
	Method:          {"method", http.StatusMethodNotAllowed},
	Timeout:         {"timeout", http.StatusRequestTimeout},
	Conflict:        {"conflict", http.StatusConflict},
	Gone:            {"gone", http.StatusGone},
	Precondition:    {"precondition", http.StatusPreconditionFailed},
	TooLarge:        {"too_large", http.StatusRequestEntityTooLarge},
	MediaType:       {"media_type", http.StatusUnsupportedMediaType},
	Unprocessable:   {"unprocessable", http.StatusUnprocessableEntity},
	Throttled:       {"throttled", http.StatusTooManyRequests},
	BadGateway:      {"bad_gateway", http.StatusBadGateway},
	Unavailable:     {"unavailable", http.StatusServiceUnavailable},
}

// Status is the HTTP status of the class.
func (c Code) Status() int {
	if int(c) >= len(codes) {
		return http.StatusInternalServerError
	}
	return codes[c].status
}

// String is the class's name as logs show it.
func (c Code) String() string {
	if int(c) >= len(codes) {
		return fmt.Sprintf("code(%d)", uint8(c))
	}
	return codes[c].name
}
