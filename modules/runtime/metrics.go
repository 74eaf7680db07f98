package runtime

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"galaxy/backend/modules/runtime/driver"
)

type metrics struct {
	calls  metric.Int64Counter
	probes metric.Int64Counter
}

func newMetrics() (metrics, error) {
	meter := otel.Meter("galaxy/runtime")
	calls, err := meter.Int64Counter("runtime_container_ops_total",
		metric.WithDescription("calls of the engine driver, by operation and outcome"))
	if err != nil {
		return metrics{}, fmt.Errorf("make a counter: %w", err)
	}
	probes, err := meter.Int64Counter("runtime_health_probes_total",
		metric.WithDescription("health probes of running engines, by outcome"))
	if err != nil {
		return metrics{}, fmt.Errorf("make a counter: %w", err)
	}
	return metrics{calls: calls, probes: probes}, nil
}

func (m metrics) countCall(ctx context.Context, op string, err error) {
	m.calls.Add(ctx, 1, metric.WithAttributes(attribute.String("op", op), attribute.String("outcome", outcome(err))))
}

func (m metrics) countProbe(ctx context.Context, err error) {
	result := "ok"
	if err != nil {
		result = reasonOf(err)
	}
	m.probes.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", result)))
}

// outcome is a small closed set: error texts would make a series each.
func outcome(err error) string {
	for _, kind := range []struct {
		err  error
		name string
	}{
		{driver.ErrUnavailable, "unavailable"}, {driver.ErrImageUnavailable, "image_unavailable"},
		{driver.ErrConfigInvalid, "config_invalid"}, {driver.ErrNotFound, "not_found"}, {driver.ErrConflict, "conflict"},
		{driver.ErrForeign, "foreign"}, {driver.ErrState, "state"},
	} {
		if errors.Is(err, kind.err) {
			return kind.name
		}
	}
	if err != nil {
		return "failed"
	}
	return "ok"
}
