// stands as modules/racename/model_mutant.go

package racename

import "galaxy/backend/modules/racename/spelling"

// MinLength is a child's.
const MinLength = spelling.MinLength
