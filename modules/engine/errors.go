package engine

import "galaxy/backend/platform/fault"

// What calling an engine can end with, beside success.
var (
	// ErrUnreachable says that the engine gave no answer: it does not run, its
	// connection broke, or the call timed out. A write may have happened.
	ErrUnreachable = fault.New(fault.Unavailable, "engine_unreachable", "the game's engine does not answer, try again shortly")
	// ErrBadResponse says that the answer is not one of the contract.
	ErrBadResponse = fault.New(fault.BadGateway, "engine_bad_response", "the game's engine gave an answer that cannot be used")
	// ErrRefused says that the engine found our request malformed: a bug here.
	ErrRefused = fault.New(fault.Internal, "engine_refused", "the game's engine refused the request")

	// ErrNotFound and what follows are the refusals of the contract.
	ErrNotFound           = fault.New(fault.NotFound, "not_found", "not found in the game's engine")
	ErrRaceNotFound       = fault.New(fault.NotFound, "race_not_found", "the game has no such race")
	ErrTurnNotFound       = fault.New(fault.NotFound, "turn_not_found", "the game has no such turn")
	ErrNotInitialized     = fault.New(fault.Conflict, "not_initialized", "the game has not been set up in its engine")
	ErrAlreadyInitialized = fault.New(fault.Conflict, "already_initialized", "the engine holds another game than the one to be set up")
	// ErrTurnMismatch carries the engine's turn as detail current_turn; see CurrentTurn.
	ErrTurnMismatch    = fault.New(fault.Conflict, "turn_mismatch", "the game is at another turn")
	ErrGameFinished    = fault.New(fault.Conflict, "game_finished", "the game has ended")
	ErrRaceInactive    = fault.New(fault.Conflict, "race_inactive", "the race is no longer in play")
	ErrCommandConflict = fault.New(fault.Conflict, "command_conflict", "another command was given under this id")
	ErrTooLarge        = fault.New(fault.TooLarge, "body_too_large", "the request is too large for the game's engine")
	// ErrValidation carries what is wrong as fields.
	ErrValidation = fault.New(fault.Unprocessable, "validation_failed", "the game's engine found values that do not fit")
	// ErrOrdersRejected carries the outcome of each order as detail results.
	ErrOrdersRejected = fault.New(fault.Unprocessable, "orders_rejected", "an order cannot be carried out, so none was stored")

	// ErrTurnFailed is deterministic: the same turn fails again.
	ErrTurnFailed         = fault.New(fault.BadGateway, "turn_failed", "the engine could not generate the turn")
	ErrFailed             = fault.New(fault.BadGateway, "engine_failed", "the game's engine failed")
	ErrBusy               = fault.New(fault.Unavailable, "engine_busy", "the game's engine is busy, try again shortly")
	ErrShuttingDown       = fault.New(fault.Unavailable, "engine_shutting_down", "the game's engine is stopping")
	ErrStorageUnavailable = fault.New(fault.Unavailable, "engine_storage_unavailable", "the game's engine cannot write its state")
	ErrStateCorrupt       = fault.New(fault.Unavailable, "engine_state_corrupt", "the game's state is damaged")
)
