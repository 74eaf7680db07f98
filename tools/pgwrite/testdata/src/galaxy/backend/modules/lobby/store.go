package lobby

import (
	"context"
	"fmt"

	"galaxy/backend/platform/pg"
)

const (
	columns    = "game_id, state"
	selectGame = "SELECT " + columns + " FROM games WHERE game_id = $1 FOR UPDATE"
	insertGame = "INSERT INTO games (" + columns + ") VALUES ($1, $2) RETURNING game_id"
)

func reads(ctx context.Context, db *pg.DB, q pg.Querier, tx *pg.Tx) {
	pg.Get[string](ctx, db, selectGame, 1)
	pg.All[string](ctx, q, selectGame, 1)
	pg.All[string](ctx, tx, selectGame, 1)
	pg.IsUnique(nil, "INSERT INTO is only a name here")
}

func writesInTransaction(ctx context.Context, db *pg.DB) error {
	return db.InTx(ctx, func(ctx context.Context, tx *pg.Tx) error {
		tx.Queue(insertGame, 1, 2)
		tx.Exec(ctx, "UPDATE games SET state = 'open'")
		_, err := pg.Get[string](ctx, tx, insertGame, 1, 2)
		return err
	})
}

func writesAlone(ctx context.Context, db *pg.DB, q pg.Querier) {
	pg.Get[string](ctx, db, insertGame, 1, 2)                                         // want `INSERT outside a transaction`
	pg.All[string](ctx, q, "DELETE FROM games")                                       // want `DELETE outside a transaction`
	pg.Get[int](ctx, db, "SELECT nextval('games_n')")                                 // want `NEXTVAL outside a transaction`
	db.Exec(ctx, "WITH x AS (UPDATE games SET turn = 1 RETURNING 1) SELECT 1 FROM x") // want `UPDATE outside a transaction`
	db.Exec(ctx, "TRUNCATE games")                                                    // want `TRUNCATE outside a transaction`
}

func composed(ctx context.Context, db *pg.DB, tx *pg.Tx, table string) {
	pg.All[int](ctx, db, "SELECT 1 FROM "+table)            // want `the statement of All is not made of constants`
	tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s", table))      // want `the statement of Exec is not made of constants`
	tx.Queue(table)                                         // want `the statement of Queue is not made of constants`
	pg.Get[int](ctx, tx, map[bool]string{true: "x"}[false]) // want `the statement of Get is not made of constants`
}

func assembled(ctx context.Context, db *pg.DB, full bool, given string) {
	conditions := " WHERE state = $1"
	if full {
		conditions += " AND turn = $2"
	}
	var order string
	order = " ORDER BY game_id"
	pg.All[int](ctx, db, "SELECT turn FROM games"+conditions+order)

	sly := "SELECT 1; "
	sly += "DELETE FROM games"
	pg.All[int](ctx, db, sly) // want `DELETE outside a transaction`

	given += " AND true"
	pg.All[int](ctx, db, given) // want `is not made of constants`

	for _, table := range []string{"games", "invites"} {
		table = table + " "
		pg.All[int](ctx, db, "SELECT 1 FROM "+table) // want `is not made of constants`
	}

	known, err := pick()
	pg.All[int](ctx, db, known) // want `is not made of constants`
	_ = err

	hidden := "SELECT 1"
	change(&hidden)
	pg.All[int](ctx, db, hidden) // want `is not made of constants`
}

func pick() (string, error) { return "", nil }
func change(*string)        {}
