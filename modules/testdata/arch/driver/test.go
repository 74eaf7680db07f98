// stands as modules/game/mutant_test.go

package game

import "database/sql"

var _ sql.DB
