// stands as modules/turn/module.go

package turn

import "go.uber.org/fx"

type mutantOut struct{ fx.Out }
