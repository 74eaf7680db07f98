package lobby

import (
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/lobby/internal/games"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
)

// Module wires the domain. It needs a Config and a CacheConfig.
var Module = fx.Module("lobby",
	fx.Decorate(func(log *zap.Logger) *zap.Logger { return log.Named("lobby") }),
	fx.Provide(
		games.NewLedger,
		games.NewService,
		NewService,
		NewSweeper,
		fx.Annotate(games.NewHooks, fx.ParamTags(`group:"lobby.observers"`, `group:"lobby.expectations"`)),
		// what the domain needs
		func(s *user.Service) Users { return s },
		func(s *notification.Service) Notifier { return s },
		func(s *runtime.Service) Launcher { return s },
		func(s *admin.Service) Auditor { return s },
		// what it hangs on the domains below
		fx.Annotate(func(l *Ledger) runtime.Observer { return games.RuntimeObserver{Ledger: l} }, fx.ResultTags(`group:"runtime.observers"`)),
		fx.Annotate(func(l *Ledger) user.Departure { return games.UserHooks{Ledger: l} }, fx.ResultTags(`group:"user.departures"`)),
		fx.Annotate(func(l *Ledger) user.Export { return games.UserHooks{Ledger: l} }, fx.ResultTags(`group:"user.exports"`)),
		fx.Annotate(func(l *Ledger) user.Usage { return games.UserHooks{Ledger: l} }, fx.ResultTags(`group:"user.usages"`)),
	),
	httpx.Provide(newUserRoutes, newUserMemberRoutes, newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "games", 0, (*Ledger).Start, nil),
	lifecycle.Component(lifecycle.Work, "lobby sweeper", 10*time.Second, (*Sweeper).Start, (*Sweeper).Stop),
)
