package geo

import (
	"context"

	"github.com/google/uuid"
)

// Users knows who exists, for operators' routes.
type Users interface {
	Exists(ctx context.Context, id uuid.UUID) error
}
