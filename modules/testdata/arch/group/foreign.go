// stands as modules/turn/module.go

package turn

import (
	"go.uber.org/fx"

	"galaxy/backend/modules/user"
)

type mutantIn struct {
	fx.In
	Exports []user.Export `group:"hooks"`
}
