package mail

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics are mail_outbox_depth{state}, mail_attempts_total{outcome},
// mail_dead_letters_total and mail_relay_circuit_open.
type metrics struct {
	attempts, deadLetters metric.Int64Counter
}

func newMetrics(
	depth func(context.Context) (map[Status]int64, error), circuitOpen func() bool,
) (metrics, error) {
	m := otel.Meter("galaxy/mail")
	attempts, err1 := m.Int64Counter("mail_attempts_total", metric.WithDescription("delivery attempts by outcome"))
	deadLetters, err2 := m.Int64Counter("mail_dead_letters_total", metric.WithDescription("deliveries given up"))
	gauge, err3 := m.Int64ObservableGauge("mail_outbox_depth", metric.WithDescription("deliveries that wait, by state"))
	circuit, err4 := m.Int64ObservableGauge("mail_relay_circuit_open",
		metric.WithDescription("1 while the relay cannot be used and all mail waits"))
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return metrics{}, err
	}
	_, err := m.RegisterCallback(func(ctx context.Context, o metric.Observer) error {
		state := int64(0)
		if circuitOpen() {
			state = 1
		}
		o.ObserveInt64(circuit, state)
		byState, err := depth(ctx)
		if err != nil {
			otel.Handle(fmt.Errorf("mail_outbox_depth: %w", err)) // an error returned would cost the whole scrape
		}
		for state, n := range byState {
			o.ObserveInt64(gauge, n, metric.WithAttributes(attribute.String("state", string(state))))
		}
		return nil
	}, gauge, circuit)
	return metrics{attempts: attempts, deadLetters: deadLetters}, err
}

func (m metrics) attempt(ctx context.Context, o Outcome) {
	m.attempts.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", string(o))))
}

func (m metrics) deadLetter(ctx context.Context) { m.deadLetters.Add(ctx, 1) }
