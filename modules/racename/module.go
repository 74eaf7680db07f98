package racename

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module wires the domain. It needs a Config and a CacheConfig.
var Module = module.New("racename",
	fx.Provide(
		NewService,
		NewSweeper,
		func(a *user.Accounts) Accounts { return a },
		func(s *notification.Service) Notifier { return s },
	),
	user.ProvideDeparture(newUserHooks),
	user.ProvideExport(newUserHooks),
	user.ProvideUsage(newUserHooks),
	httpx.Provide(newUserRoutes),
	lifecycle.Component(lifecycle.Cache, "race names", 0, (*Service).Start, nil),
	lifecycle.Component(lifecycle.Work, "race name sweeper", 10*time.Second, (*Sweeper).Start, (*Sweeper).Stop),
)
