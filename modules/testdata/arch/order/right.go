// stands as modules/game/service_mutant.go

package game

import "galaxy/backend/modules/lobby"

var _ lobby.Service
