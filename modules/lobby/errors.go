package lobby

import "galaxy/backend/platform/fault"

// What can be wrong with a request to the lobby. ErrNotFound is the one answer
// for what does not exist and for what the caller may not know of.
var (
	ErrNotFound  = fault.New(fault.NotFound, "not_found", "there is no such thing, or not for you")
	ErrNotMember = fault.New(fault.NotFound, "not_found", "there is no such game, or you are not a member")
	ErrNotOwner  = fault.New(fault.Forbidden, "not_owner", "only the owner of the game may do this")
	ErrState     = fault.New(fault.Conflict, "game_state_conflict", "the state of the game does not allow this")
	ErrVersion   = fault.New(fault.Precondition, "version_conflict", "the game has changed since it was read")
	ErrReplay    = fault.New(fault.Conflict, "idempotency_conflict", "another request was made under this Idempotency-Key")
	ErrQuota     = fault.New(fault.Conflict, "quota_exceeded", "there are too many of these")

	ErrTooFewPlayers    = fault.New(fault.Conflict, "not_enough_players", "the game has fewer members than it needs")
	ErrEnrollmentPast   = fault.New(fault.Conflict, "enrollment_deadline_past", "the deadline of the enrolment has passed, move it first")
	ErrResume           = fault.New(fault.Conflict, "resume_not_allowed", "only an operator may resume the game from this pause")
	ErrCreateBlocked    = fault.New(fault.Forbidden, "game_create_blocked", "creating games is blocked for this account")
	ErrJoinBlocked      = fault.New(fault.Forbidden, "game_join_blocked", "joining games is blocked for this account")
	ErrOwnedLimit       = fault.New(fault.Conflict, "owned_game_limit_reached", "the plan allows no further private game")
	ErrMembershipLimit  = fault.New(fault.Conflict, "membership_limit_reached", "the plan allows no further membership")
	ErrApplicationLimit = fault.New(fault.Conflict, "application_limit_reached", "the plan allows no further pending application")

	ErrEnrollmentClosed = fault.New(fault.Conflict, "enrollment_closed", "the game does not take members")
	ErrGameStarted      = fault.New(fault.Conflict, "game_started", "the game has started")
	ErrGameFull         = fault.New(fault.Conflict, "game_full", "every seat of the game is taken")
	ErrOwnGame          = fault.New(fault.Conflict, "own_game", "the owner joins without an application or invite")
	ErrPolicy           = fault.New(fault.Conflict, "join_policy_conflict", "the join policy of the game does not allow this")
	ErrAlreadyMember    = fault.New(fault.Conflict, "already_member", "this user is a member of the game")
	ErrMemberRemoved    = fault.New(fault.Conflict, "member_removed", "a former member cannot come back")
	ErrMemberBlocked    = fault.New(fault.Conflict, "member_blocked", "this user is banned from the game")
	ErrAlreadyInvited   = fault.New(fault.Conflict, "invite_pending", "this user is invited already")
	ErrAlreadyApplied   = fault.New(fault.Conflict, "application_pending", "this user has applied already")
	ErrApplicationEnded = fault.New(fault.Conflict, "application_decided", "the application has been decided")
	ErrInviteEnded      = fault.New(fault.Conflict, "invite_not_pending", "the invite has been answered or revoked")
	ErrInviteExpired    = fault.New(fault.Conflict, "invite_expired", "the invite has expired")
	ErrInviteExpiry     = fault.New(fault.Unprocessable, "validation_failed", "an invite expires between one minute and 90 days from now")
	ErrUserUnavailable  = fault.New(fault.Conflict, "user_unavailable", "this account cannot take part in games")
	ErrMembershipEnded  = fault.New(fault.Conflict, "membership_ended", "the membership has ended")
	ErrSeatTaken        = fault.New(fault.Conflict, "seat_not_free", "the seat is not free")
	ErrSeatNotOffered   = fault.New(fault.Conflict, "seat_not_offered", "the seat has not been offered")
	ErrNoSuccessor      = fault.New(fault.Conflict, "not_a_member", "the new owner has to be a member of the game")
	errInvalidGame      = fault.New(fault.Unprocessable, "validation_failed", "the game cannot be set up like this")
)
