// stands as modules/game/service_mutant.go

package game

const mutant = `SELECT name FROM games`
