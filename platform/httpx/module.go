package httpx

import (
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	backend "galaxy/backend"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/lifecycle"
)

// Module provides the server and its place in the start order. It needs
// Config, GatewayConfig, TLSConfig, clock.Clock and a *zap.Logger; the gates
// and the OpenTelemetry providers are optional.
var Module = fx.Module("http",
	fx.Decorate(func(log *zap.Logger) *zap.Logger { return log.Named("http") }),
	fx.Provide(
		func() Document { return Document{Text: backend.OpenAPI, Shapes: backend.OpenAPIShapes} },
		gateway.New,
		fx.Annotate(newGates, fx.ParamTags(`optional:"true"`, `optional:"true"`, `optional:"true"`, `optional:"true"`)),
		fx.Annotate(newTelemetry, fx.ParamTags(``, `optional:"true"`, `optional:"true"`)),
		fx.Annotate(newParts, fx.ParamTags(`group:"routes"`, `group:"readyz"`)),
		New,
	),
	lifecycle.Provide(func(s *Server, c Config) lifecycle.Entry {
		return lifecycle.Entry{Phase: lifecycle.Ingress, Name: "http listener", StopTimeout: c.ShutdownTimeout, Start: s.Start, Stop: s.Stop}
	}),
)

func newTelemetry(log *zap.Logger, traces trace.TracerProvider, meters metric.MeterProvider) Telemetry {
	return Telemetry{Log: log, Traces: traces, Meters: meters}
}

func newParts(tables []Table, checks []Check) Parts { return Parts{Tables: tables, Checks: checks} }
