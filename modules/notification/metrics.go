package notification

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics are notification_intents_total{kind,outcome} and
// notification_routes_total{channel}.
type metrics struct{ intents, routes metric.Int64Counter }

func newMetrics() (metrics, error) {
	m := otel.Meter("galaxy/notification")
	intents, err1 := m.Int64Counter("notification_intents_total", metric.WithDescription("intents by kind and outcome"))
	routes, err2 := m.Int64Counter("notification_routes_total", metric.WithDescription("routes by channel"))
	return metrics{intents, routes}, errors.Join(err1, err2)
}

func (m metrics) countIntent(k Kind, outcome string) {
	if _, known := catalog[k]; !known {
		k = "other"
	}
	m.intents.Add(context.Background(), 1,
		metric.WithAttributes(attribute.String("kind", string(k)), attribute.String("outcome", outcome)))
}

func (m metrics) countRoutes(routes []route) {
	counts := map[Channel]int64{}
	for _, r := range routes {
		counts[r.channel]++
	}
	for c, n := range counts {
		m.routes.Add(context.Background(), n, metric.WithAttributes(attribute.String("channel", string(c))))
	}
}
