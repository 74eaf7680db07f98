package grpcx

import (
	"cmp"
	"slices"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
)

// Module provides the server and its two places in the stop order. It needs
// Config, a *zap.Logger and the guard of httpx.Module.
var Module = fx.Module("grpc",
	fx.Decorate(func(log *zap.Logger) *zap.Logger { return log.Named("grpc") }),
	fx.Provide(
		fx.Annotate(newTelemetry, fx.ParamTags(``, `optional:"true"`, `optional:"true"`)),
		fx.Annotate(newServices, fx.ParamTags(`group:"grpc"`)),
		New,
	),
	httpx.ProvideCheck(func(s *Server) httpx.Check { return httpx.Check{Name: "grpc", Check: s.Ready} }),
	lifecycle.Provide(func(s *Server, c Config) lifecycle.Entry {
		return lifecycle.Entry{Phase: lifecycle.Ingress, Name: "grpc listener", StopTimeout: c.ShutdownTimeout, Start: s.Start, Stop: s.Stop}
	}),
	lifecycle.Provide(func(s *Server, c Config) lifecycle.Entry {
		return lifecycle.Entry{Phase: lifecycle.Push, Name: "grpc streams", StopTimeout: c.ShutdownTimeout, Stop: s.Drained}
	}),
)

// ProvideService feeds services into the server. Each constructor returns a
// Service.
func ProvideService(constructors ...any) fx.Option {
	options := make([]fx.Option, len(constructors))
	for i, c := range constructors {
		options[i] = fx.Provide(fx.Annotate(c, fx.ResultTags(`group:"grpc"`)))
	}
	return fx.Options(options...)
}

func newTelemetry(log *zap.Logger, traces trace.TracerProvider, meters metric.MeterProvider) Telemetry {
	return Telemetry{Log: log, Traces: traces, Meters: meters}
}

// Services is all services of the process, in the order of their names.
type Services []Service

func newServices(services []Service) Services {
	return slices.SortedFunc(slices.Values(services), func(a, b Service) int { return cmp.Compare(a.Desc.ServiceName, b.Desc.ServiceName) })
}
