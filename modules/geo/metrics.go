package geo

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics are the domain's instruments, with their attributes made beforehand.
type metrics struct {
	lookups metric.Int64Counter
	drops   metric.Int64Counter
	labels  map[outcome]metric.MeasurementOption
}

func newMetrics(s *Service) metrics {
	meter := otel.Meter("galaxy/geo")
	m := metrics{labels: map[outcome]metric.MeasurementOption{}}
	for _, o := range []outcome{found, notFound, unknown, failed} {
		m.labels[o] = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", string(o))))
	}
	var err error
	m.lookups, err = meter.Int64Counter("geo_lookups_total", metric.WithDescription("addresses looked up, by outcome"))
	reportError(err)
	m.drops, err = meter.Int64Counter("geo_sightings_dropped_total",
		metric.WithDescription("requests not counted for want of room"))
	reportError(err)
	_, err = meter.Int64ObservableGauge("geo_database_build_seconds", metric.WithUnit("s"),
		metric.WithDescription("when the country database was built, in seconds since 1970"),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			if info, ok := s.Database(); ok {
				o.Observe(info.BuiltAt.Unix())
			}
			return nil
		}))
	reportError(err)
	return m
}

// reportError reports an instrument that the API refuses; it works all the same.
func reportError(err error) {
	if err != nil {
		otel.Handle(err)
	}
}

func (m metrics) countLookups(o outcome, n int64) {
	m.lookups.Add(context.Background(), n, m.labels[o])
}

func (m metrics) countDropped(n int64) { m.drops.Add(context.Background(), n) }
