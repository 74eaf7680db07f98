package store

import (
	"errors"
	"fmt"
)

// ErrLocked means that another process uses the directory.
var ErrLocked = errors.New("the state directory is locked by another process")

// ErrNoTurn means that a turn does not exist.
var ErrNoTurn = errors.New("no such turn")

// CorruptError means that a file of the directory is damaged.
type CorruptError struct {
	Path string // within the directory
	Err  error
}

// Error names the file and what is wrong with it.
func (e *CorruptError) Error() string { return fmt.Sprintf("corrupt %s: %v", e.Path, e.Err) }

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

// UnavailableError means that the directory could not be written (no space,
// read-only, an I/O error) and that nothing was committed.
type UnavailableError struct {
	Op  string
	Err error
}

// Error names the operation that failed.
func (e *UnavailableError) Error() string { return fmt.Sprintf("%s: %v", e.Op, e.Err) }

// Unwrap returns the cause.
func (e *UnavailableError) Unwrap() error { return e.Err }

// errOutcomeUnknown refuses writes after a failure that may or may not have
// reached the disk; a restart finds out.
var errOutcomeUnknown = errors.New("an earlier write has an unknown outcome")
