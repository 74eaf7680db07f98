// stands as modules/game/service_mutant.go

package game

import "galaxy/backend/modules/admin/admintest"

var _ admintest.Auditor
