package runtime

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
	"galaxy/backend/platform/worker"
)

// Module wires the domain. It needs a Config, a CacheConfig, and of the driver a
// driver.StateConfig and a docker.Config; observers are registered with
// ProvideObserver.
var Module = module.New("runtime",
	fx.Provide(
		NewInstance, NewEngineHost, NewDriverClient, NewStates, NewService, NewInspector,
		NewConverger, NewReconciler, NewPrefetcher, NewWorker, newMetrics, newObservers,
		EngineHost.dialer,
		// what the domain needs
		func(s *engineversion.Service) Versions { return s },
		func(s *engineversion.Service) Images { return s },
		func(s *notification.Service) Notifier { return s },
		func(c *engine.Client) Engines { return c },
	),
	fx.Provide(worker.NewSignal, fx.Private), // wakes convergence
	httpx.Provide(newAdminRoutes),
	lifecycle.Component(lifecycle.Docker, "engine driver", 15*time.Second, EngineHost.Open, EngineHost.Close),
	lifecycle.Component(lifecycle.Docker, "runtime instance", 0, (*Instance).Open, nil),
	lifecycle.Component(lifecycle.Cache, "engine states", 0, (*States).Warm, nil),
	lifecycle.Component(lifecycle.Work, "engine convergence", 15*time.Second, (*Worker).Start, (*Worker).Stop),
)

// Observers is every Observer, in the order in which they are called.
type Observers []Observer

type hooksIn struct {
	fx.In
	Observers []Observer `group:"hooks"`
}

func newObservers(in hooksIn) Observers { return hook.Sorted(in.Observers) }

// ProvideObserver registers hooks that are told of changes of engines.
func ProvideObserver(constructors ...any) fx.Option { return hook.Provide[Observer](constructors...) }
