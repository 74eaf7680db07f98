package game

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
	"galaxy/backend/platform/worker"
)

// Module wires the domain. It needs a Config and a CacheConfig.
var Module = module.New("game",
	fx.Provide(
		NewGames,
		NewService,
		NewSweeper,
		func(in hooksIn) Hooks { return NewHooks(in.Observers, in.Expectations, in.Access) },
		func(s *racename.Service) RaceNames { return s },
		func(a *user.Accounts) Accounts { return a },
		func(s *notification.Service) Notifier { return s },
		func(s *runtime.Service) Launcher { return s },
		func(s *engineversion.Service) EngineVersions { return s },
	),
	fx.Provide(worker.NewSignal, fx.Private), // wakes the sweeper
	runtime.ProvideObserver(newRuntimeObserver),
	user.ProvideDeparture(newUserHooks),
	user.ProvideExport(newUserHooks),
	user.ProvideUsage(newUserHooks),
	httpx.Provide(newUserRoutes, newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "games", 0, (*Games).Start, nil),
	lifecycle.Component(lifecycle.Work, "game sweeper", 10*time.Second, (*Sweeper).Start, (*Sweeper).Stop),
)

type hooksIn struct {
	fx.In
	Observers    []Observer    `group:"hooks"`
	Expectations []Expectation `group:"hooks"`
	Access       []Access      `group:"hooks"`
}

// ProvideObserver registers hooks that hear of changes of games.
func ProvideObserver(constructors ...any) fx.Option { return hook.Provide[Observer](constructors...) }

// ProvideExpectation registers hooks that know what is expected of members.
func ProvideExpectation(constructors ...any) fx.Option {
	return hook.Provide[Expectation](constructors...)
}

// ProvideAccess registers hooks that know who else may see a private game.
func ProvideAccess(constructors ...any) fx.Option { return hook.Provide[Access](constructors...) }
