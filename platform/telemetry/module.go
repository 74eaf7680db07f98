package telemetry

import (
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"

	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/module"
)

// Module provides the logger, the providers and the profiler. It needs Config,
// LoggingConfig, PprofConfig and ServiceName.
var Module = module.New("telemetry",
	fx.Provide(
		NewLogger,
		NewProviders,
		NewProfiler,
		func(p *Providers) (trace.TracerProvider, metric.MeterProvider) { return p.Traces, p.Meters },
	),
	lifecycle.Component(lifecycle.Telemetry, "telemetry", shutdownTimeout, (*Providers).Start, (*Providers).Stop),
	lifecycle.Component(lifecycle.Docker, "last metrics", shutdownTimeout, nil, (*Providers).Flush),
	lifecycle.Component(lifecycle.Telemetry, "profiler", shutdownTimeout, (*Profiler).Start, (*Profiler).Stop),
)
