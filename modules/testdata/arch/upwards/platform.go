// stands as platform/pg/mutant.go

package pg

import "galaxy/backend/modules/user"

var _ user.Service
