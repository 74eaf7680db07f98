package user

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/mail"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
)

// Module wires the domain. It needs a Config and a CacheConfig.
var Module = fx.Module("user",
	fx.Provide(
		NewSnapshots,
		NewService,
		NewSweeper,
		fx.Annotate(NewHooks, fx.ParamTags(`group:"user.departures"`, `group:"user.exports"`, `group:"user.usages"`)),
		func(m *mail.Service) Mailer { return m },
		func(a *admin.Service) Auditor { return a },
		func(s *Service) httpx.UserGate { return s },
	),
	httpx.Provide(newUserRoutes, newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "users", 0, (*Service).Start, nil),
	lifecycle.Component(lifecycle.Work, "user sweeper", 5*time.Second, (*Sweeper).Start, (*Sweeper).Stop),
)
