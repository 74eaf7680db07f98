package user

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/pg"
)

// newIdempotency is the request's Idempotency-Key with a hash of what is asked
// for, or the zero value when the request has no key.
func newIdempotency(ctx context.Context, request ...any) (idempotency, error) {
	key := httpx.IdempotencyKey(ctx)
	if key == "" {
		return idempotency{}, nil
	}
	text, err := json.Marshal(request)
	if err != nil {
		return idempotency{}, fmt.Errorf("hash the request: %w", err)
	}
	sum := sha256.Sum256(text)
	return idempotency{Key: &key, Hash: sum[:]}, nil
}

// replayed returns the row that an earlier call with the same key inserted, nil
// when there is none, and ErrIdempotency when that call asked for something else.
func replayed[T interface{ requestHash() []byte }](key idempotency, find func(key string) (T, error)) (*T, error) {
	if key.Key == nil {
		return nil, nil
	}
	row, err := optional(find(*key.Key))
	if err == nil && row != nil && !bytes.Equal((*row).requestHash(), key.Hash) {
		return nil, ErrIdempotency
	}
	return row, err
}

// keyConflict is ErrIdempotency when two calls used a key at the same time for
// different users, else err: the lock of one account does not tell them apart.
func keyConflict(err error) error {
	if isKeyConflict(err) {
		return ErrIdempotency.Because(err)
	}
	return err
}

// isKeyConflict reports whether a row with the same Idempotency-Key exists.
func isKeyConflict(err error) bool {
	switch pg.Constraint(err) {
	case "entitlement_records_key", "sanctions_key", "account_notes_key":
		return true
	}
	return false
}
