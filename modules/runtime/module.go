package runtime

import (
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/registry"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
)

// Module wires the domain. It needs a Config, a CacheConfig, and of the driver
// a driver.StateConfig and a docker.Config; observers come from the group
// runtime.observers.
var Module = fx.Module("runtime",
	fx.Decorate(func(log *zap.Logger) *zap.Logger { return log.Named("runtime") }),
	fx.Provide(
		NewBase, NewBox, NewService, NewWorker,
		fx.Annotate(NewConverger, fx.ParamTags("", "", "", "", "", `group:"runtime.observers"`)),
		Box.dialer,
		func(s *admin.Service) Auditor { return s },
		func(s *notification.Service) Notifier { return s },
		func(s *Service) *registry.Registry { return s.Registry },
		func(c *engine.Client) Engines { return c },
	),
	httpx.Provide(registry.NewRoutes, newRuntimeRoutes),
	lifecycle.Component(lifecycle.Docker, "engine driver", 15*time.Second, Box.Open, Box.Close),
	lifecycle.Component(lifecycle.Cache, "engine registry", 0, (*Service).Warm, nil),
	lifecycle.Component(lifecycle.Work, "engine convergence", 15*time.Second, (*Worker).Start, (*Worker).Stop),
)
