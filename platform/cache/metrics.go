package cache

import (
	"context"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// instruments are made on first use: the meter provider is set after this
// package is initialised.
var instruments = sync.OnceValues(func() (metric.Int64UpDownCounter, metric.Int64Counter) {
	m := otel.Meter("galaxy/cache")
	// The names and options are constants: the SDK has nothing to object to.
	entries, _ := m.Int64UpDownCounter("cache_entries", metric.WithDescription("entries that a cache holds"))
	misses, _ := m.Int64Counter("cache_misses_total", metric.WithDescription("reads that asked the database"))
	return entries, misses
})

// tableMetrics is what one table reports.
type tableMetrics struct{ label metric.MeasurementOption }

func newTableMetrics(table string) tableMetrics {
	return tableMetrics{metric.WithAttributeSet(attribute.NewSet(attribute.String("cache", table)))}
}

func (m tableMetrics) missed(ctx context.Context) {
	_, misses := instruments()
	misses.Add(ctx, 1, m.label)
}

// resized reports a table that held before entries and holds after.
func (m tableMetrics) resized(before, after int) {
	if before != after {
		entries, _ := instruments()
		entries.Add(context.Background(), int64(after-before), m.label)
	}
}
