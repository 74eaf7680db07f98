package grpcx

import (
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module provides the server and its two places in the stop order. It needs
// Config, a *zap.Logger and the guard of httpx.Module; the OpenTelemetry
// providers are optional.
var Module = module.New("grpc",
	fx.Provide(newServer),
	httpx.ProvideCheck(func(s *Server) httpx.Check { return httpx.Check{Name: "grpc", Check: s.Ready} }),
	lifecycle.Provide(func(s *Server, c Config) lifecycle.Entry {
		return lifecycle.Entry{Phase: lifecycle.Ingress, Name: "grpc listener", StopTimeout: c.ShutdownTimeout,
			Start: s.Start, Stop: s.Stop}
	}),
	lifecycle.Provide(func(s *Server, c Config) lifecycle.Entry {
		return lifecycle.Entry{Phase: lifecycle.Push, Name: "grpc streams", StopTimeout: c.ShutdownTimeout, Stop: s.Drain}
	}),
)

type serverIn struct {
	fx.In
	Services []Service            `group:"grpc"`
	Traces   trace.TracerProvider `optional:"true"`
	Meters   metric.MeterProvider `optional:"true"`
}

func newServer(c Config, guard *gateway.Guard, log *zap.Logger, in serverIn) *Server {
	return New(c, guard, Telemetry{Log: log, Traces: in.Traces, Meters: in.Meters}, in.Services)
}

// ProvideService feeds services into the server. Each constructor returns a
// Service.
func ProvideService(constructors ...any) fx.Option {
	options := make([]fx.Option, len(constructors))
	for i, c := range constructors {
		options[i] = fx.Provide(fx.Annotate(c, fx.ResultTags(`group:"grpc"`)))
	}
	return fx.Options(options...)
}
