package geo

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module wires the domain. It needs a Config.
var Module = module.New("geo",
	fx.Provide(
		NewService,
		NewWorker,
		func(s *Service) httpx.UserSeen { return s },
		func(u *user.Service) Users { return u },
	),
	user.ProvideDeparture(newUserHooks),
	user.ProvideExport(newUserHooks),
	httpx.Provide(newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "country database", 0, (*Service).Start, nil),
	lifecycle.Component(lifecycle.Work, "geo counters", 10*time.Second, (*Worker).Start, (*Worker).Stop),
)

func newUserHooks(s *Service) userHooks { return userHooks{s} }
