// stands as modules/turn/module.go

package turn

import "go.uber.org/fx"

var mutant = fx.Annotate(newExport, fx.ResultTags(`group:"hooks"`))
