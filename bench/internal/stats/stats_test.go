package stats_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/bench/internal/stats"
)

func TestMedianIsTheMiddleWhateverTheOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 5}, 5},
		{[]float64{4, 1, 3, 2}, 2.5},
		{[]float64{1, 1, 1, 1, 1000}, 1},
	} {
		require.InDelta(t, c.want, stats.Median(c.values), 1e-9, "%v", c.values)
	}
	require.True(t, math.IsNaN(stats.Median(nil)))
}

func TestMedianDoesNotChangeItsArgument(t *testing.T) {
	t.Parallel()
	values := []float64{3, 1, 2}
	stats.Median(values)
	require.Equal(t, []float64{3, 1, 2}, values)
}

func TestPercentileIsTheNearestRank(t *testing.T) {
	t.Parallel()
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	require.Equal(t, 50, stats.Percentile(hundred, 0.50))
	require.Equal(t, 99, stats.Percentile(hundred, 0.99))
	require.Equal(t, 100, stats.Percentile(hundred, 1))
	require.Equal(t, 1, stats.Percentile(hundred, 0))
	require.Equal(t, 7, stats.Percentile([]int{7}, 0.99))
	require.Zero(t, stats.Percentile([]int(nil), 0.5))
}

func TestRatioIsTakenWithinARound(t *testing.T) {
	t.Parallel()
	// The machine is three times as slow in the second round: the ratio of the
	// medians would be 2.5, no round had more than 1.5.
	product, anchor := []float64{15, 45, 15}, []float64{10, 30, 12}
	require.Equal(t, []float64{1.5, 1.5, 1.25}, stats.Ratios(product, anchor))
}

func TestRoundWithoutAFigureIsLeftOut(t *testing.T) {
	t.Parallel()
	got := stats.Ratios([]float64{4, math.NaN(), 6, 8}, []float64{2, 2, 0})
	require.Equal(t, []float64{2}, got)
}

func TestPerUnitDividesByTheUnits(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 250.0, stats.PerUnit(time.Second, 4000), 1e-9)
	require.True(t, math.IsNaN(stats.PerUnit(time.Second, 0)))
}

func TestGoalHasATolerance(t *testing.T) {
	t.Parallel()
	require.True(t, stats.Passes(1.49, 1.3))
	require.False(t, stats.Passes(1.5, 1.3))
	require.False(t, stats.Passes(math.NaN(), 1.3), "what was not measured does not pass")
}
