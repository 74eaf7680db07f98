package pg

import (
	"context"

	"go.opentelemetry.io/otel/metric"
)

// Observe exports the pool's counters: db_pool_acquires_total,
// db_pool_waits_total, db_pool_in_use.
func (db *DB) Observe(m metric.Meter) error {
	acquires, err := m.Int64ObservableCounter("db_pool_acquires_total",
		metric.WithDescription("connections taken from the pool"))
	if err != nil {
		return err
	}
	waits, err := m.Int64ObservableCounter("db_pool_waits_total",
		metric.WithDescription("acquires that had to wait for a connection"))
	if err != nil {
		return err
	}
	inUse, err := m.Int64ObservableGauge("db_pool_in_use", metric.WithDescription("connections in use now"))
	if err != nil {
		return err
	}
	_, err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		if !db.created.Load() {
			return nil
		}
		s := db.pool().Stat()
		o.ObserveInt64(acquires, s.AcquireCount())
		o.ObserveInt64(waits, s.EmptyAcquireCount())
		o.ObserveInt64(inUse, int64(s.AcquiredConns()))
		return nil
	}, acquires, waits, inUse)
	return err
}
