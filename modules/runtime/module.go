package runtime

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/registry"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module wires the domain. It needs a Config, a CacheConfig, and of the driver
// a driver.StateConfig and a docker.Config; observers are
// registered with ProvideObserver.
var Module = module.New("runtime",
	fx.Provide(
		NewBase, NewInstance, NewBox, NewService, NewConverger, NewWorker,
		func(in hooksIn) Observers { return hook.Sorted(in.Observers) },
		Box.dialer,
		func(s *notification.Service) Notifier { return s },
		func(s *Service) *registry.Registry { return s.Registry },
		func(c *engine.Client) Engines { return c },
	),
	httpx.Provide(registry.NewRoutes, newRuntimeRoutes),
	lifecycle.Component(lifecycle.Docker, "engine driver", 15*time.Second, Box.Open, Box.Close),
	lifecycle.Component(lifecycle.Docker, "runtime instance", 0, (*Instance).Open, nil),
	lifecycle.Component(lifecycle.Cache, "engine registry", 0, (*Service).Warm, nil),
	lifecycle.Component(lifecycle.Work, "engine convergence", 15*time.Second, (*Worker).Start, (*Worker).Stop),
)

// Observers is every Observer, in the order in which they are called.
type Observers []Observer

type hooksIn struct {
	fx.In
	Observers []Observer `group:"hooks"`
}

// ProvideObserver registers hooks that hear of changes of engines.
func ProvideObserver(constructors ...any) fx.Option { return hook.Provide[Observer](constructors...) }
