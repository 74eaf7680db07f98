package notification

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// measure gives the service counters of its own and returns their readings.
func (f *fixture) measure() func() map[string]int64 {
	f.t.Helper()
	reader := sdkmetric.NewManualReader()
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test")
	intents, err := meter.Int64Counter("intents")
	require.NoError(f.t, err)
	routes, err := meter.Int64Counter("routes")
	require.NoError(f.t, err)
	f.service.metrics = metrics{intents: intents, routes: routes}
	return func() map[string]int64 {
		var all metricdata.ResourceMetrics
		require.NoError(f.t, reader.Collect(f.t.Context(), &all))
		out := map[string]int64{}
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
					name := m.Name
					for _, a := range p.Attributes.ToSlice() {
						name += fmt.Sprintf(" %s=%s", a.Key, a.Value.String())
					}
					out[name] = p.Value
				}
			}
		}
		return out
	}
}

func TestIntentsAreCountedByWhatBecameOfThemAndRoutesByChannel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	readings := f.measure()
	anna, bob := uuid.New(), uuid.New()
	f.submit(turnReady("k", anna, bob), turnReady("k", anna, bob), turnReady("", anna), imagePullFailed("k"),
		Intent{Key: "k"})
	require.Equal(t, map[string]int64{
		"intents kind=game.turn.ready outcome=accepted":           1,
		"intents kind=game.turn.ready outcome=repeated":           1,
		"intents kind=game.turn.ready outcome=malformed":          1,
		"intents kind=runtime.image_pull_failed outcome=accepted": 1,
		"intents kind=other outcome=malformed":                    1, // labels are a closed set
		"routes channel=push":                                     2,
		"routes channel=email":                                    2,
		"routes channel=admin_email":                              1,
	}, readings())
}
