package geo

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
)

// Module wires the domain. It needs a Config.
var Module = fx.Module("geo",
	fx.Provide(
		NewService,
		NewFlusher,
		func(s *Service) httpx.UserSeen { return s },
		func(u *user.Service) Directory { return u },
		fx.Annotate(newHooks, fx.As(new(user.Departure)), fx.ResultTags(`group:"user.departures"`)),
		fx.Annotate(newHooks, fx.As(new(user.Export)), fx.ResultTags(`group:"user.exports"`)),
	),
	httpx.Provide(newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "country database", 0, (*Service).Start, nil),
	lifecycle.Component(lifecycle.Work, "geo counters", 10*time.Second, (*Flusher).Start, (*Flusher).Stop),
)

func newHooks(s *Service) hooks { return hooks{s} }
