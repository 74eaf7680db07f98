// stands as modules/turn/store_mutant.go

package turn

const mutant = `WITH gone AS (DELETE FROM memberships WHERE game_id = $1 RETURNING user_id) SELECT count(*) FROM gone`
