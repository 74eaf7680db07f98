package engineversion

import (
	"go.uber.org/fx"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module wires the domain. It needs nothing but the database and who audits.
var Module = module.New("engineversion",
	fx.Provide(NewService, NewPrefetchSignal),
	httpx.Provide(newAdminRoutes),
	lifecycle.Component(lifecycle.Cache, "engine registry", 0, (*Service).Warm, nil),
)
