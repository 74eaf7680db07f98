package pg_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

const createItems = `CREATE TABLE items (id int PRIMARY KEY, name text CONSTRAINT items_name UNIQUE, at timestamptz, tags text[])`

// items opens a database with an empty table items.
func items(t *testing.T) *pg.DB {
	t.Helper()
	db := testkit.DB(t)
	exec(t, db, createItems)
	return db
}

func exec(t *testing.T, db *pg.DB, sql string, args ...any) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	}))
}

func count(t *testing.T, db *pg.DB) int {
	t.Helper()
	n, err := pg.Get[int](t.Context(), db, `SELECT count(*) FROM items`)
	require.NoError(t, err)
	return n
}

var errRefused = errors.New("refused")
