package lobby

import (
	"context"

	_ "github.com/jackc/pgx/v5"

	"galaxy/backend/platform/pg"
)

func count(ctx context.Context, db *pg.DB, table string) {
	pg.Get[int](ctx, db, "SELECT count(*) FROM "+table)
	pg.Get[int](ctx, db, "DELETE FROM games") // want `DELETE outside a transaction`
}
