// stands as modules/turn/metrics_mutant.go

package turn

import "go.uber.org/fx"

type mutantIn struct{ fx.In }
