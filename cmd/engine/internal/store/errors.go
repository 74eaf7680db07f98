package store

import (
	"errors"
	"fmt"
)

// ErrLocked means that another process works on the directory.
var ErrLocked = errors.New("the state directory is locked by another process")

// ErrNoTurn means that a turn was never made.
var ErrNoTurn = errors.New("no such turn")

// CorruptError means that what the directory holds cannot be trusted.
type CorruptError struct {
	Path string // within the directory
	Err  error
}

// Error names the file and what is wrong with it.
func (e *CorruptError) Error() string { return fmt.Sprintf("corrupt %s: %v", e.Path, e.Err) }

// Unwrap gives the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// UnavailableError means that the directory could not be written (no space,
// read-only, an I/O error) and that nothing was committed.
type UnavailableError struct {
	Op  string
	Err error
}

// Error names the step that did not work.
func (e *UnavailableError) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

// Unwrap gives the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// errOutcomeUnknown follows a failure after which only a restart can tell what is on disk.
var errOutcomeUnknown = errors.New("an earlier write has an unknown outcome")
