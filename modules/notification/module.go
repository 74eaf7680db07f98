package notification

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
)

// Module wires the domain. It needs a Config.
var Module = fx.Module("notification",
	fx.Provide(
		NewService,
		NewWorker,
		func(s *mail.Service) Mailer { return s },
		func(s *push.Service) Pusher { return s },
		func(s *user.Service) Accounts { return s },
		fx.Annotate(newHooks, fx.As(new(user.Departure)), fx.ResultTags(`group:"user.departures"`)),
		fx.Annotate(newHooks, fx.As(new(user.Export)), fx.ResultTags(`group:"user.exports"`)),
		fx.Annotate(newDeadLetters, fx.ResultTags(`group:"mail.observers"`)),
	),
	httpx.Provide(newUserRoutes),
	lifecycle.Component(lifecycle.Work, "notification routes", 10*time.Second, (*Worker).Start, (*Worker).Stop),
)
