package engine

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"galaxy/backend/platform/fault"
)

// observe counts a call and its duration. The outcome is the fault's reason or
// "ok": an answer that refuses still reached its engine.
func observe(ctx context.Context, op string, begin time.Time, err error) {
	outcome := "ok"
	if err != nil {
		outcome = fault.From(err).Reason
	}
	seconds().Record(ctx, time.Since(begin).Seconds(),
		metric.WithAttributes(attribute.String("op", op), attribute.String("outcome", outcome)))
}

// seconds is made on first use: the meter provider is set after this package is
// initialised.
var seconds = sync.OnceValue(func() metric.Float64Histogram {
	h, err := otel.Meter("galaxy/engine").Float64Histogram("engine_call_duration_seconds",
		metric.WithDescription("calls of game engines, by operation and whether an answer came"))
	if err != nil {
		otel.Handle(err)
	}
	return h
})
