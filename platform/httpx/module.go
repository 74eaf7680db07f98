package httpx

import (
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"

	backend "galaxy/backend"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module provides the server and its place in the start order. It needs
// Config, GatewayConfig, TLSConfig, clock.Clock and a *zap.Logger; the gates
// and the OpenTelemetry providers are optional.
var Module = module.New("http",
	fx.Provide(
		func() Document { return Document{Text: backend.OpenAPI, Shapes: backend.OpenAPIShapes} },
		gateway.New,
		newServer,
	),
	lifecycle.Provide((*Server).entry),
)

type serverIn struct {
	fx.In
	Tables  []Table              `group:"routes"`
	Checks  []Check              `group:"readyz"`
	User    UserGate             `optional:"true"`
	Seen    UserSeen             `optional:"true"`
	Admin   AdminGate            `optional:"true"`
	Auditor Auditor              `optional:"true"`
	Traces  trace.TracerProvider `optional:"true"`
	Meters  metric.MeterProvider `optional:"true"`
}

func newServer(
	c Config, doc Document, guard *gateway.Guard, clk clock.Clock, log *zap.Logger, in serverIn,
) (*Server, error) {
	return New(c, doc, guard, Gates{User: in.User, Seen: in.Seen, Admin: in.Admin, Auditor: in.Auditor},
		Telemetry{Log: log, Traces: in.Traces, Meters: in.Meters}, clk, in.Tables, in.Checks)
}

// Provide feeds tables into the server. Each constructor returns a Table.
func Provide(constructors ...any) fx.Option { return provide(`group:"routes"`, constructors) }

// ProvideCheck feeds conditions into /readyz. Each constructor returns a Check.
func ProvideCheck(constructors ...any) fx.Option { return provide(`group:"readyz"`, constructors) }

func provide(group string, constructors []any) fx.Option {
	options := make([]fx.Option, len(constructors))
	for i, c := range constructors {
		options[i] = fx.Provide(fx.Annotate(c, fx.ResultTags(group)))
	}
	return fx.Options(options...)
}
