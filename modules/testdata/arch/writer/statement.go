// stands as modules/lobby/store_mutant.go

package lobby

const mutant = `UPDATE games SET name = $2 WHERE game_id = $1`
