package driver

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// Instance says which installation's engines a driver runs. A driver asks for
// it at every call, so that it can be made before the database is reached.
type Instance interface {
	// ID is the same at every call. Its error is an ErrUnavailable.
	ID(ctx context.Context) (uuid.UUID, error)
}

// OtherInstance is the error of Ensure when found, a container or a file, is an
// engine of another installation. Nobody but an operator can know whether that
// installation still needs it.
func OtherInstance(found, other string, own uuid.UUID) error {
	return fmt.Errorf("%w: %s belongs to the backend instance %s, this one is %s: an operator has to remove it",
		ErrForeign, found, other, own)
}
