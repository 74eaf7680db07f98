// stands as cmd/engine/internal/game/mutant.go

package game

import "galaxy/backend/platform/pg"

var _ pg.DB
