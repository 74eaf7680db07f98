package auth

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/geo"
	"galaxy/backend/modules/mail"
	"galaxy/backend/modules/push"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module wires the domain. It needs a Config and a CacheConfig.
var Module = module.New("auth",
	fx.Provide(
		NewSessionCache,
		newRevoker,
		NewService,
		NewSweeper,
		func(m *mail.Service) Mailer { return m },
		func(p *push.Service) Invalidator { return p },
		func(u *user.Service) Users { return u },
		func(a *user.Accounts) Accounts { return a },
		func(u *user.Service) UserChecker { return u },
		func(g *geo.Service) CountryLookup { return g },
	),
	user.ProvideDeparture(newDeparture),
	user.ProvideExport(newExport),
	push.ProvideReplay(NewRevocationReplay),
	httpx.Provide(newPublicRoutes, newInternalRoutes, newUserRoutes, newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "device sessions", 0, (*Service).Start, nil),
	lifecycle.Component(lifecycle.Work, "auth sweeper", 5*time.Second, (*Sweeper).Start, (*Sweeper).Stop),
)
