package lobby

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module wires the domain. It needs a Config.
var Module = module.New("lobby",
	fx.Provide(
		NewService,
		NewSweeper,
		func(g *game.Games) Games { return g },
		func(s *game.Service) Members { return s },
		func(s *game.Service) Managers { return s },
		func(a *user.Accounts) Accounts { return a },
		func(s *notification.Service) Notifier { return s },
	),
	game.ProvideObserver(newHooks),
	game.ProvideAccess(newHooks),
	user.ProvideDeparture(newHooks),
	user.ProvideExport(newHooks),
	user.ProvideUsage(newHooks),
	httpx.Provide(newUserRoutes, newUserInviteRoutes, newAdminRoutes),
	lifecycle.Component(lifecycle.Work, "lobby sweeper", 10*time.Second, (*Sweeper).Start, (*Sweeper).Stop),
)
