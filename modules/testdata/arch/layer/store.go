// stands as modules/game/store_mutant.go

package game

import "net/http"

var _ http.Header
