// stands as modules/turn/pace/model_mutant.go

package pace

import "go.uber.org/fx"

var _ fx.Option
