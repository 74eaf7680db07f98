package turn

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
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
		func(g *game.Games) Games { return g },
		func(g *game.Games) GameReader { return g },
		func(s *game.Service) GameRecorder { return s },
		func(s *runtime.Service) EngineLeaser { return s },
		func(c *engine.Client) Generator { return c },
		func(c *engine.Client) PlayerAPI { return c },
		func(s *notification.Service) Notifier { return s },
	),
	game.ProvideObserver(func(o *Observer) game.Observer { return o }),
	game.ProvideExpectation(func(e *Expectations) game.Expectation { return e }),
	fx.Provide(worker.NewSignal, fx.Private), // wakes the runner
	user.ProvideExport(newExport),
	httpx.Provide(newUserRoutes, newAdminRoutes),
	// A turn under way has its engine's answer to wait for.
	lifecycle.Component(lifecycle.Work, "turn clock", 30*time.Second, (*Runner).Start, (*Runner).Stop),
)
