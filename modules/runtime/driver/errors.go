package driver

import "errors"

// The kinds of failure that runtime acts on. Anything else is a failed attempt.
var (
	// ErrUnavailable: the driver cannot be asked at the moment. What was asked
	// for may have happened; nothing follows about any engine.
	ErrUnavailable = errors.New("driver unavailable")
	// ErrImageUnavailable: the engine's image is not here and cannot be had.
	ErrImageUnavailable = errors.New("engine image unavailable")
	// ErrConfigInvalid: these settings are refused; only others can help.
	ErrConfigInvalid = errors.New("engine settings refused")
	// ErrNotFound: the game has no engine.
	ErrNotFound = errors.New("no engine for the game")
	// ErrConflict: an engine of another version, image or generation runs.
	ErrConflict = errors.New("another engine of the game runs")
	// ErrForeign: what carries the game's name is not ours.
	ErrForeign = errors.New("the game's name is held by something foreign")
	// ErrState: the state directory cannot be trusted or written.
	ErrState = errors.New("state directory unusable")
)
