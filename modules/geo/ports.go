package geo

import (
	"context"

	"github.com/google/uuid"
)

// Directory knows who exists, for operators' routes.
type Directory interface {
	Exists(ctx context.Context, id uuid.UUID) error
}
