// stands as modules/game/helpers.go

package game
