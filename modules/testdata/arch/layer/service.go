// stands as modules/game/service_mutant.go

package game

import "net/http"

var _ http.Header
