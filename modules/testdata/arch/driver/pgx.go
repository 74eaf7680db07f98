// stands as modules/game/client_mutant.go

package game

import "github.com/jackc/pgx/v5"

var _ pgx.Tx
