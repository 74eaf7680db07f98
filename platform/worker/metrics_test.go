package worker_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

// reader sees what every test of this package counts.
var reader = metric.NewManualReader()

// countOf is a counter's value for a component, 0 when there is none.
func countOf(t *testing.T, name, component string) (n int64) {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok || m.Name != name {
				continue
			}
			for _, p := range sum.DataPoints {
				if v, _ := p.Attributes.Value(attribute.Key("component")); v.AsString() == component {
					n += p.Value
				}
			}
		}
	}
	return n
}

func TestFailedAndPanickingPassesAreCountedByComponent(t *testing.T) {
	t.Parallel()
	component := t.Name()
	failures, panics := countOf(t, "worker_pass_failures_total", component), countOf(t, "panics_total", component)
	clk, n, done := clock.NewFake(noon), 0, make(chan struct{})
	l := worker.NewLoop(component, time.Minute, clk, zap.NewNop(), func(context.Context) (bool, error) {
		switch n++; n {
		case 1:
			return false, errors.New("database is down")
		case 2:
			panic("nil map")
		}
		close(done)
		return false, nil
	})
	require.NoError(t, l.Start(t.Context()))
	for range 2 {
		clk.BlockUntil(1)
		clk.Advance(time.Minute)
	}
	<-done
	require.NoError(t, l.Stop(t.Context()))
	require.EqualValues(t, 2, countOf(t, "worker_pass_failures_total", component)-failures)
	require.EqualValues(t, 1, countOf(t, "panics_total", component)-panics)
}

func TestPanickingTasksAreCounted(t *testing.T) {
	t.Parallel()
	p := newPool(t, 1)
	require.NoError(t, p.Go(t.Context(), func(context.Context) { panic("nil map") }))
	require.NoError(t, p.Stop(t.Context()))
	require.Positive(t, countOf(t, "panics_total", "pool"))
}
