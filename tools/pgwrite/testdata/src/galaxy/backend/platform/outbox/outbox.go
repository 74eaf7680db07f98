package outbox

import (
	"context"

	"galaxy/backend/platform/pg"
)

func claim(ctx context.Context, db *pg.DB, tx *pg.Tx, table string) {
	pg.All[int](ctx, tx, "UPDATE "+table+" SET attempts = attempts + 1 RETURNING 1")
	pg.All[int](ctx, db, "UPDATE mail_deliveries SET attempts = 1 RETURNING 1") // want `UPDATE outside a transaction`
}
