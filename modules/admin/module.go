package admin

import (
	"go.uber.org/fx"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
)

// Module wires the domain. It needs a Config.
var Module = fx.Module("admin",
	fx.Provide(
		NewService,
		func(s *Service) httpx.AdminGate { return s },
		func(s *Service) httpx.Auditor { return s },
	),
	httpx.Provide(newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "admin accounts", 0, (*Service).Start, nil),
)
