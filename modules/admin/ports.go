package admin

import (
	"context"

	"galaxy/backend/platform/pg"
)

// Auditor records what operators do, in the transaction that does it. Every
// domain with admin routes takes one.
type Auditor interface {
	Record(ctx context.Context, tx *pg.Tx, e Entry) error
}
