// stands as modules/game/servicemutant.go

package game
