package worker

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The counters are made on first use: the meter provider is set after this
// package is initialised.
var (
	failures = counter("worker_pass_failures_total", "passes of background loops that failed or panicked")
	panics   = counter("panics_total", "Panics recovered.")
)

func counter(name, text string) func() metric.Int64Counter {
	return sync.OnceValue(func() metric.Int64Counter {
		c, err := otel.Meter("galaxy/worker").Int64Counter(name, metric.WithDescription(text))
		if err != nil {
			otel.Handle(err)
		}
		return c
	})
}

func countPanic(ctx context.Context, component string) {
	panics().Add(ctx, 1, metric.WithAttributes(attribute.String("component", component)))
}
