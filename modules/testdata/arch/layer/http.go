// stands as modules/game/http_admin_mutant.go

package game

import "galaxy/backend/platform/pg"

var _ pg.DB
