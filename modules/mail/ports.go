package mail

import (
	"context"

	"galaxy/backend/platform/pg"
)

// Observer is told of deliveries that are given up, inside the transaction that
// records it. It is called for every dead letter; an observer that sends mail
// itself must not do so for its own template.
type Observer interface {
	Name() string
	DeadLettered(ctx context.Context, tx *pg.Tx, d DeadLetter) error
}
