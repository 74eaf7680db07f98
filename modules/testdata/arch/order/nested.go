// stands as modules/racename/spelling/mutant.go

package spelling

import "galaxy/backend/modules/turn"

var _ turn.Service
