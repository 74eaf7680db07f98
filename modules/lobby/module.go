package lobby

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/lobby/internal/games"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module wires the domain. It needs a Config and a CacheConfig.
var Module = module.New("lobby",
	fx.Provide(
		games.NewLedger,
		games.NewService,
		NewService,
		NewSweeper,
		fx.Annotate(games.NewHooks, fx.ParamTags(`group:"lobby.observers"`, `group:"lobby.expectations"`)),
		// what the domain needs
		func(a *user.Accounts) Users { return a },
		func(s *notification.Service) Notifier { return s },
		func(s *runtime.Service) Launcher { return s },
	),
	runtime.ProvideObserver(func(l *Ledger) runtime.Observer { return games.RuntimeObserver{Ledger: l} }),
	user.ProvideDeparture(func(l *Ledger) user.Departure { return games.UserHooks{Ledger: l} }),
	user.ProvideExport(func(l *Ledger) user.Export { return games.UserHooks{Ledger: l} }),
	user.ProvideUsage(func(l *Ledger) user.Usage { return games.UserHooks{Ledger: l} }),
	httpx.Provide(newUserRoutes, newUserMemberRoutes, newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "games", 0, (*Ledger).Start, nil),
	lifecycle.Component(lifecycle.Work, "lobby sweeper", 10*time.Second, (*Sweeper).Start, (*Sweeper).Stop),
)
