package game

import "galaxy/backend/platform/fault"

// What can be wrong with a request about a game. ErrNotFound is the one answer
// for what does not exist and for what the caller may not know of.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "not found")
	ErrNotMember = fault.New(fault.NotFound, "not_found", "the game was not found, or you are not a member")
	ErrNotOwner  = fault.New(fault.Forbidden, "not_owner", "only the owner of the game may do this")
	ErrState     = fault.New(fault.Conflict, "game_state_conflict", "the state of the game does not allow this")
	ErrVersion   = fault.New(fault.Precondition, "version_mismatch", "the game has changed since it was read")
	ErrReplay    = fault.New(fault.Conflict, "idempotency_conflict", "another request was made under this Idempotency-Key")

	ErrTooFewPlayers  = fault.New(fault.Conflict, "not_enough_players", "the game has fewer members than it needs")
	ErrEnrollmentPast = fault.New(fault.Conflict, "enrollment_deadline_past", "the enrollment deadline has passed, move it first")
	ErrResume         = fault.New(fault.Conflict, "resume_not_allowed", "only an operator may resume the game from this pause")
	ErrCreateBlocked  = fault.New(fault.Forbidden, "game_create_blocked", "creating games is blocked for this account")
	ErrOwnedLimit     = fault.New(fault.Conflict, "owned_game_limit_reached", "the plan allows no further private game")

	ErrNewOwner        = fault.New(fault.Conflict, "not_a_member", "the new owner has to be a member of the game")
	ErrMembershipEnded = fault.New(fault.Conflict, "membership_ended", "the membership has ended")
	ErrInvalidGame     = fault.New(fault.Unprocessable, "validation_failed", "the game cannot be set up like this")
)
