package auth

import "galaxy/backend/platform/fault"

var (
	// ErrCode is the one answer to a wrong code, one that was used and one whose
	// challenge nobody knows.
	ErrCode = fault.New(fault.Invalid, "code_invalid", "the code is not valid")
	// ErrExpired says that the code came too late.
	ErrExpired = fault.New(fault.Gone, "challenge_expired", "the code has expired, ask for a new one")
	// ErrExhausted says that the code was tried too often.
	ErrExhausted = fault.New(fault.Throttled, "challenge_exhausted", "the code was tried too often, ask for a new one")
	// ErrPublicKey refuses what is no key, or a key that verifies anything.
	ErrPublicKey = fault.New(fault.Invalid, "public_key_invalid", "the public key is not a canonical Ed25519 key in standard base64").
			At(fault.Field{Name: "client_public_key", Code: "invalid_key", Message: "32 bytes in standard base64 are needed"})
	// ErrKeyInUse says that the key belongs to a live session of somebody else.
	ErrKeyInUse = fault.New(fault.Conflict, "public_key_in_use", "the public key is in use")
	// ErrNotFound says there is no such session, or not for the caller.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is no such device session")
	// ErrSameEmail says that the address is the account's already.
	ErrSameEmail = fault.New(fault.Conflict, "email_unchanged", "this is the account's address already")

	errContended = fault.New(fault.Unavailable, "unavailable", "the account is changing, try again")
)
