package lobby

import "galaxy/backend/platform/fault"

// Why a user does not get into a game.
var (
	ErrQuota            = fault.New(fault.Conflict, "quota_exceeded", "the game has sent as many invites as it may")
	ErrJoinBlocked      = fault.New(fault.Forbidden, "game_join_blocked", "joining games is blocked for this account")
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
	ErrSeatTaken        = fault.New(fault.Conflict, "seat_not_free", "the seat is not free")
	ErrSeatNotOffered   = fault.New(fault.Conflict, "seat_not_offered", "the seat has not been offered")
)
