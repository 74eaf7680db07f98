package ledger

import (
	"errors"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

// Store is the SQL of the ledger.
type Store struct{}

// ErrNotFound is the answer for a row that is not there.
var ErrNotFound = fault.New(fault.NotFound, "not_found", "there is no such turn")

// Missing turns a missing row into ErrNotFound.
func Missing(err error) error {
	if errors.Is(err, pg.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
