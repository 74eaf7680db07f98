package admin

import (
	"go.uber.org/fx"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module wires the domain. It needs a Config.
var Module = module.New("admin",
	fx.Provide(
		NewService,
		func(s *Service) Auditor { return s },
		func(s *Service) httpx.AdminGate { return s },
		func(s *Service) httpx.Auditor { return s },
	),
	httpx.Provide(newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "admin accounts", 0, (*Service).Start, nil),
)
