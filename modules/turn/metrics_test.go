package turn

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"galaxy/backend/modules/engine"
)

// collect reads every instrument by its name.
func collect(t *testing.T, reader *sdkmetric.ManualReader) map[string]metricdata.Aggregation {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &all))
	out := map[string]metricdata.Aggregation{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			out[m.Name] = m.Data
		}
	}
	return out
}

func TestMetricsTellRunsDurationLagAndWhatIsOverdue(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	reader := sdkmetric.NewManualReader()
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	var err error
	f.runner.metrics, err = newMetrics(meters.Meter("test"), f.runner)
	require.NoError(t, err)
	g := f.startGame(hourly(), 1)
	f.submitAll(g)
	f.engine.game(g.ID).failBefore = engine.ErrBusy
	f.clock.Advance(time.Hour)
	f.run()
	f.clock.Advance(time.Minute)
	require.EqualValues(t, 0, overdue(t, reader), "a minute late is not overdue yet")
	f.clock.Advance(time.Second)
	require.EqualValues(t, 1, overdue(t, reader))
	f.run()
	require.EqualValues(t, 0, overdue(t, reader))

	got := collect(t, reader)
	runs := map[string]int64{}
	for _, p := range got["turn_runs_total"].(metricdata.Sum[int64]).DataPoints {
		kind, _ := p.Attributes.Value(attribute.Key("kind"))
		outcome, _ := p.Attributes.Value(attribute.Key("outcome"))
		runs[kind.AsString()+" "+outcome.AsString()] = p.Value
	}
	require.Equal(t, map[string]int64{"turn retried": 1, "turn done": 1}, runs)
	require.EqualValues(t, 1, got["turn_duration_seconds"].(metricdata.Histogram[float64]).DataPoints[0].Count)
	lag := got["turn_lag_seconds"].(metricdata.Histogram[float64]).DataPoints[0]
	require.EqualValues(t, 61, lag.Sum, "from the deadline, not from the attempt")
}

func overdue(t *testing.T, reader *sdkmetric.ManualReader) int64 {
	t.Helper()
	n := int64(0)
	for _, p := range collect(t, reader)["turn_overdue"].(metricdata.Gauge[int64]).DataPoints {
		n += p.Value
	}
	return n
}
