package turn

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
	"galaxy/backend/platform/worker"
)

// Module wires the domain. It needs a Config.
var Module = module.New("turn",
	fx.Provide(
		NewService,
		NewRunner,
		NewObserver,
		NewExpectations,
		// what the domain needs
		func(s *lobby.Service) Games { return s },
		func(s *lobby.Service) GameReader { return s },
		func(l *lobby.Ledger) HookGames { return l },
		func(s *runtime.Service) EngineLeaser { return s },
		func(c *engine.Client) Generator { return c },
		func(c *engine.Client) PlayerAPI { return c },
		func(s *notification.Service) Notifier { return s },
		// what it hangs on lobby
		fx.Annotate(func(o *Observer) lobby.Observer { return o }, fx.ResultTags(`group:"lobby.observers"`)),
		fx.Annotate(func(e *Expectations) lobby.Expectation { return e }, fx.ResultTags(`group:"lobby.expectations"`)),
	),
	fx.Provide(worker.NewSignal, fx.Private), // wakes the runner
	user.ProvideExport(newExport),
	httpx.Provide(newUserRoutes, newAdminRoutes),
	// A turn under way has its engine's answer to wait for.
	lifecycle.Component(lifecycle.Work, "turn clock", 30*time.Second, (*Runner).Start, (*Runner).Stop),
)
