package user

import (
	"time"

	"go.uber.org/fx"

	"galaxy/backend/modules/mail"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module wires the domain. It needs a Config and a CacheConfig.
var Module = module.New("user",
	fx.Provide(
		NewAccounts,
		NewService,
		NewSweeper,
		func(in hooksIn) Hooks { return NewHooks(in.Departures, in.Exports, in.Usages) },
		func(m *mail.Service) Mailer { return m },
		func(s *Service) httpx.UserGate { return s },
	),
	httpx.Provide(newUserRoutes, newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "users", 0, (*Accounts).Start, nil),
	lifecycle.Component(lifecycle.Work, "user sweeper", 5*time.Second, (*Sweeper).Start, (*Sweeper).Stop),
)

type hooksIn struct {
	fx.In
	Departures []Departure `group:"hooks"`
	Exports    []Export    `group:"hooks"`
	Usages     []Usage     `group:"hooks"`
}

// ProvideDeparture registers hooks that are called when a user departs.
func ProvideDeparture(constructors ...any) fx.Option { return hook.Provide[Departure](constructors...) }

// ProvideExport registers hooks that give what is held on a user.
func ProvideExport(constructors ...any) fx.Option { return hook.Provide[Export](constructors...) }

// ProvideUsage registers hooks that count what a limit bounds.
func ProvideUsage(constructors ...any) fx.Option { return hook.Provide[Usage](constructors...) }
