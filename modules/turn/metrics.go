package turn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics are turn_runs_total{kind,outcome}, turn_duration_seconds (one call of
// the engine), turn_lag_seconds (from the deadline to the record) and
// turn_overdue (games whose deadline passed without a turn).
type metrics struct {
	runs          metric.Int64Counter
	duration, lag metric.Float64Histogram
}

func newMetrics(m metric.Meter, r *Runner) (metrics, error) {
	runs, err1 := m.Int64Counter("turn_runs_total", metric.WithDescription("runs by kind and outcome"))
	duration, err2 := m.Float64Histogram("turn_duration_seconds", metric.WithUnit("s"),
		metric.WithDescription("time an engine takes to generate a turn"))
	lag, err3 := m.Float64Histogram("turn_lag_seconds", metric.WithUnit("s"),
		metric.WithDescription("time from a deadline until its turn is recorded"))
	overdue, err4 := m.Int64ObservableGauge("turn_overdue",
		metric.WithDescription("games whose deadline passed over a minute ago without a turn"))
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return metrics{}, err
	}
	_, err := m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		n, err := r.store.overdue(ctx, r.db, r.clock.Now().Add(-time.Minute))
		if err != nil {
			otel.Handle(fmt.Errorf("turn_overdue: %w", err)) // an error returned would cost the whole scrape
			return nil
		}
		o.ObserveInt64(overdue, n)
		return nil
	}, overdue)
	return metrics{runs: runs, duration: duration, lag: lag}, err
}

func (m metrics) runEnded(ctx context.Context, kind, outcome string) {
	m.runs.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", kind), attribute.String("outcome", outcome)))
}

func (m metrics) turnMade(ctx context.Context, took, lag time.Duration) {
	m.duration.Record(ctx, took.Seconds())
	m.lag.Record(ctx, max(lag, 0).Seconds())
}
