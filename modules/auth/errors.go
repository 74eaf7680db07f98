package auth

import "galaxy/backend/platform/fault"

var (
	// ErrCode answers a wrong code, a used one and one of an unknown challenge alike.
	ErrCode = fault.New(fault.Invalid, "code_invalid", "the code is not valid")
	// ErrExpired says that the code has expired.
	ErrExpired = fault.New(fault.Gone, "challenge_expired", "the code has expired, ask for a new one")
	// ErrExhausted says that the code was tried too often.
	ErrExhausted = fault.New(fault.Throttled, "challenge_exhausted", "the code was tried too often, ask for a new one")
	// ErrPublicKey refuses a malformed key, and one that verifies forged signatures.
	ErrPublicKey = fault.New(fault.Invalid, "public_key_invalid",
		"the public key is not a canonical Ed25519 key in standard base64").
		At(fault.Field{Name: "client_public_key", Code: "invalid_key", Message: "32 bytes in standard base64 are needed"})
	// ErrKeyInUse says that the key belongs to an active session of another user.
	ErrKeyInUse = fault.New(fault.Conflict, "public_key_in_use", "the public key is in use")
	// ErrNotFound says that there is no such session, or that it is another user's.
	ErrNotFound = fault.New(fault.NotFound, "not_found", "there is no such device session")
	// ErrSameEmail says that the account has this address already.
	ErrSameEmail = fault.New(fault.Conflict, "email_unchanged", "this is the account's address already")

	errContended = fault.New(fault.Unavailable, "unavailable", "the account is changing, try again")
)
