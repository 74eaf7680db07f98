package notification

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
	"galaxy/backend/platform/worker"
)

// Module wires the domain. It needs a Config.
var Module = module.New("notification",
	fx.Provide(
		NewService,
		NewWorker,
		func(s *mail.Service) Mailer { return s },
		func(s *push.Service) Pusher { return s },
		func(a *user.Accounts) Accounts { return a },
	),
	fx.Provide(worker.NewSignal, fx.Private), // wakes the worker
	user.ProvideDeparture(newUserHooks),
	user.ProvideExport(newUserHooks),
	mail.ProvideObserver(newMailHooks),
	httpx.Provide(newUserRoutes),
	lifecycle.Component(lifecycle.Work, "notification routes", 10*time.Second, (*Worker).Start, (*Worker).Stop),
)
