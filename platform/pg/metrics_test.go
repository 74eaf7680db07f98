package pg_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

// newPoolMetrics observes a pool and returns how to read its metrics.
func newPoolMetrics(t *testing.T, db *pg.DB) func() map[string]int64 {
	t.Helper()
	reader := metric.NewManualReader()
	require.NoError(t, db.Observe(metric.NewMeterProvider(metric.WithReader(reader)).Meter("test")))
	return func() map[string]int64 {
		t.Helper()
		var all metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(context.WithoutCancel(t.Context()), &all))
		values := map[string]int64{}
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				switch data := m.Data.(type) {
				case metricdata.Sum[int64]:
					values[m.Name] = data.DataPoints[0].Value
				case metricdata.Gauge[int64]:
					values[m.Name] = data.DataPoints[0].Value
				}
			}
		}
		return values
	}
}

func TestThePoolExportsWhatItIsUsedFor(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	read := newPoolMetrics(t, db)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1`)
		values := read()
		require.EqualValues(t, 1, values["db_pool_in_use"])
		require.EqualValues(t, 1, values["db_pool_acquires_total"])
		require.Contains(t, values, "db_pool_waits_total")
		return err
	}))
	require.Zero(t, read()["db_pool_in_use"])
}

func TestAnUnusedPoolExportsNothing(t *testing.T) {
	t.Parallel()
	db, err := pg.New(pg.Config{DSN: secret.New("postgres://u@127.0.0.1:1/db"), MaxConns: 1})
	require.NoError(t, err)
	require.Empty(t, newPoolMetrics(t, db)())
	require.NoError(t, db.Close(t.Context()))
}
