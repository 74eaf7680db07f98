package push

import (
	"go.uber.org/fx"

	"galaxy/backend/platform/grpcx"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	pushv1 "galaxy/backend/proto/push/v1"
)

// Module wires the domain. It needs a Config and platform/grpcx.
var Module = fx.Module("push",
	fx.Provide(fx.Annotate(NewService, fx.ParamTags(``, ``, ``, `group:"push.replays"`))),
	grpcx.ProvideService(func(s *Service) grpcx.Service {
		return grpcx.Service{Desc: &pushv1.Push_ServiceDesc, Impl: s.server}
	}),
	httpx.Provide(newAdminRoutes),
	lifecycle.Provide(func(s *Service, cfg grpcx.Config) lifecycle.Entry {
		return lifecycle.Entry{Phase: lifecycle.Push, Name: "push streams", StopTimeout: cfg.ShutdownTimeout, Stop: s.Stop}
	}),
)
