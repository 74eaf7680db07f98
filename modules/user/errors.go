package user

import "galaxy/backend/platform/fault"

var (
	// ErrUserUnknown is the user surface's answer for an account that does not
	// exist or is deleted.
	ErrUserUnknown = fault.New(fault.Unauthenticated, "user_unknown", "there is no such user")
	// ErrBlocked is the user surface's answer for a permanently blocked account.
	ErrBlocked = fault.New(fault.Forbidden, "account_blocked", "the account is blocked")
	// ErrNotFound is what operators get for a user who does not exist.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is no such user")
	// ErrNoSanction says that the user has no such sanction.
	ErrNoSanction = fault.New(fault.NotFound, "not_found", "there is no such sanction")
	// ErrNoOverride says that no override of the limit is active.
	ErrNoOverride = fault.New(fault.NotFound, "not_found", "the limit is not overridden")
	// ErrEmailTaken says that another live account has the address.
	ErrEmailTaken = fault.New(fault.Conflict, "email_taken", "another account uses this address")
	// ErrVersion says that the account changed since the ETag in If-Match.
	ErrVersion = fault.New(fault.Precondition, "version_mismatch", "the account has changed, read it again")
	// ErrProfileBlocked says that the sanction profile_update_block is active.
	ErrProfileBlocked = fault.New(fault.Forbidden, "profile_update_blocked", "changing the profile is blocked")
	// ErrSanctioned says that a sanction of this kind is active with other terms.
	ErrSanctioned = fault.New(fault.Conflict, "sanction_active", "a sanction of this kind is active already")
	// ErrIdempotency says that an Idempotency-Key was used for something else.
	ErrIdempotency = fault.New(fault.Conflict, "idempotency_conflict", "the idempotency key was used for another request")
	// ErrDeleted refuses to change what a deleted account is entitled to.
	ErrDeleted = fault.New(fault.Conflict, "account_deleted", "the account is deleted")
	// ErrErased says that the grace period of a deleted account is over.
	ErrErased = fault.New(fault.Conflict, "account_erased", "the grace period is over, the account cannot be restored")

	errUserNames = fault.New(fault.Unavailable, "unavailable", "no free user name was found, try again")
)
