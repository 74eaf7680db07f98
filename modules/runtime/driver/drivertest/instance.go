package drivertest

import (
	"context"

	"github.com/google/uuid"
)

// Instance is a driver.Instance that needs no database.
type Instance uuid.UUID

// NewInstance is an installation of its own.
func NewInstance() Instance { return Instance(uuid.New()) }

// ID implements driver.Instance.
func (i Instance) ID(context.Context) (uuid.UUID, error) { return uuid.UUID(i), nil }
