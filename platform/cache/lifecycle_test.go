package cache_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"galaxy/backend/platform/cache"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// reader sees what every test of this package counts.
var reader = metric.NewManualReader()

func TestMain(m *testing.M) {
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(reader)))
	testkit.Main(m)
}

// valueOf is a metric's value for one cache.
func valueOf(t *testing.T, name, table string) (n int64) {
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
				if v, _ := p.Attributes.Value(attribute.Key("cache")); v.AsString() == table {
					n += p.Value
				}
			}
		}
	}
	return n
}

func double(_ context.Context, k int) (int, bool, error) { return 2 * k, true, nil }

func TestEntriesAndMissesAreCountedByCache(t *testing.T) {
	t.Parallel()
	db, table := testkit.DB(t), cache.New(t.Name(), 2, double)
	for _, k := range []int{1, 1, 2, 3} {
		_, _, err := table.Get(t.Context(), k)
		require.NoError(t, err)
	}
	require.EqualValues(t, 3, valueOf(t, "cache_misses_total", t.Name()))
	require.EqualValues(t, 2, valueOf(t, "cache_entries", t.Name()), "one was evicted")
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		table.Drop(tx, 1)
		table.Drop(tx, 2)
		table.Drop(tx, 3)
		return nil
	}))
	require.Zero(t, valueOf(t, "cache_entries", t.Name()))
}

func TestAFailedReadIsReturnedAndNotCached(t *testing.T) {
	t.Parallel()
	down := errors.New("database is down")
	table := cache.New("failing", 0, func(context.Context, int) (int, bool, error) { return 7, true, down })
	_, found, err := table.Get(t.Context(), 1)
	require.ErrorIs(t, err, down)
	require.False(t, found)
	require.Zero(t, table.Len())
}

func TestAFullTableIgnoresWarmingAndVisitsEndEarly(t *testing.T) {
	t.Parallel()
	table := cache.New("warm", 3, double)
	require.Equal(t, "warm", table.Name())
	for k := range 5 {
		table.Warm(k, k)
	}
	kept := map[int]int{}
	table.Each(func(k, v int) bool { kept[k] = v; return true })
	require.Equal(t, map[int]int{0: 0, 1: 1, 2: 2}, kept)
	visits := 0
	table.Each(func(int, int) bool { visits++; return visits < 2 })
	require.Equal(t, 2, visits)
}

func TestTheLastChangeOfATransactionCounts(t *testing.T) {
	t.Parallel()
	db, table := testkit.DB(t), cache.New("changes", 0, double)
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		table.Put(tx, 1, 10)
		table.Put(tx, 1, 11)
		table.Put(tx, 2, 20)
		table.Drop(tx, 2)
		_, visible := table.Peek(1)
		require.False(t, visible, "not before the commit")
		return nil
	}))
	got, ok := table.Peek(1)
	require.True(t, ok)
	require.Equal(t, 11, got)
	_, ok = table.Peek(2)
	require.False(t, ok)
}
