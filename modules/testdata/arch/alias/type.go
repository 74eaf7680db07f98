// stands as modules/turn/model_mutant.go

package turn

import "galaxy/backend/modules/turn/pace"

type (
	// Clock is a child's.
	Clock = pace.Clock
)
