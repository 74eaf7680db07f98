// stands as modules/game/store_mutant.go

package game

import "galaxy/backend/platform/httpx"

var _ httpx.Route
