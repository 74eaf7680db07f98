package push

import (
	"context"
	"errors"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics are grpc_push_subscribers, grpc_push_events_total{kind} and
// grpc_push_dropped_total{gateway_client_id}.
type metrics struct {
	events, drops   metric.Int64Counter
	kinds, gateways *labels
}

func newMetrics(subscribers func() int) (metrics, error) {
	m := otel.Meter("galaxy/push")
	events, err1 := m.Int64Counter("grpc_push_events_total",
		metric.WithDescription("events published to the gateways, by kind"))
	drops, err2 := m.Int64Counter("grpc_push_dropped_total",
		metric.WithDescription("events dropped for a gateway that reads too slowly"))
	gauge, err3 := m.Int64ObservableGauge("grpc_push_subscribers",
		metric.WithDescription("connected gateways"))
	if err := errors.Join(err1, err2, err3); err != nil {
		return metrics{}, err
	}
	_, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		o.ObserveInt64(gauge, int64(subscribers()))
		return nil
	}, gauge)
	return metrics{
		events: events, drops: drops,
		kinds: newLabels("kind", 64), gateways: newLabels("gateway_client_id", maxSubscribers),
	}, err
}

func (m metrics) event(kind string) { m.events.Add(context.Background(), 1, m.kinds.of(kind)) }

func (m metrics) drop(gateway string, n int) {
	m.drops.Add(context.Background(), int64(n), m.gateways.of(gateway))
}

// labels caches the attribute sets of a label and bounds its number of values:
// beyond the limit every value is "other".
type labels struct {
	key   string
	limit int
	mu    sync.RWMutex
	sets  map[string]metric.MeasurementOption
}

func newLabels(key string, limit int) *labels {
	return &labels{key: key, limit: limit, sets: map[string]metric.MeasurementOption{}}
}

func (l *labels) of(value string) metric.MeasurementOption {
	l.mu.RLock()
	set, ok := l.sets[value]
	l.mu.RUnlock()
	if ok {
		return set
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.sets) >= l.limit {
		value = "other"
	}
	set = metric.WithAttributeSet(attribute.NewSet(attribute.String(l.key, value)))
	l.sets[value] = set
	return set
}
