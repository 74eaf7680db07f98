package push

import (
	"go.uber.org/fx"

	"galaxy/backend/platform/grpcx"
	"galaxy/backend/platform/hook"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
	pushv1 "galaxy/backend/proto/push/v1"
)

// Module wires the domain. It needs a Config and platform/grpcx.
var Module = module.New("push",
	fx.Provide(
		NewService,
		func(in hooksIn) Replays { return hook.Sorted(in.Replays) },
	),
	grpcx.ProvideService(func(s *Service) grpcx.Service {
		return grpcx.Service{Desc: &pushv1.Push_ServiceDesc, Impl: s.server}
	}),
	httpx.Provide(newAdminRoutes),
	lifecycle.Provide(func(s *Service, cfg grpcx.Config) lifecycle.Entry {
		return lifecycle.Entry{Phase: lifecycle.Push, Name: "push streams", StopTimeout: cfg.ShutdownTimeout, Stop: s.Stop}
	}),
)

// Replays is every Replay, in the order in which they are called.
type Replays []Replay

type hooksIn struct {
	fx.In
	Replays []Replay `group:"hooks"`
}

// ProvideReplay registers hooks that tell a gateway without a cursor what it
// missed.
func ProvideReplay(constructors ...any) fx.Option { return hook.Provide[Replay](constructors...) }
