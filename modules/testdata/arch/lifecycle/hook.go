// stands as platform/grpcx/mutant.go

package grpcx

import "go.uber.org/fx"

func mutant(l fx.Lifecycle) {}
