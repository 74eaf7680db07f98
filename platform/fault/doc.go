// Package fault is the one error type that crosses layers of the backend.
//
// A fault carries two faces. Code, Reason, Message, Fields and Details are for
// the client: Code chooses the HTTP status, Reason is the stable token that
// clients switch on, and Message is safe to show. Err is for the log only and
// never leaves the process.
//
// Domains declare their faults as package values in errors.go and refine a
// copy where they return it:
//
//	return ErrGameState.With("state", game.State).Because(err)
//
// Every other error is an internal one: outside it is a fixed text, inside it
// is one log line.
package fault
