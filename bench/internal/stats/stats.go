package stats

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Tolerance is by how much a figure may be above its goal before it fails.
const Tolerance = 1.15

// Median returns the middle value, or the mean of the two in the middle; NaN
// without values.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	switch {
	case n == 0:
		return math.NaN()
	case n%2 == 1:
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// Percentile returns the smallest value that at least the share p of all values
// does not exceed (nearest rank), 0 without values.
func Percentile[T cmp.Ordered](sorted []T, p float64) T {
	if len(sorted) == 0 {
		var zero T
		return zero
	}
	rank := int(math.Ceil(p * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Ratios divides product by anchor, round by round. A round in which either
// side has no figure is left out.
func Ratios(product, anchor []float64) []float64 {
	var out []float64
	for i := range min(len(product), len(anchor)) {
		if r := product[i] / anchor[i]; !math.IsNaN(r) && !math.IsInf(r, 0) {
			out = append(out, r)
		}
	}
	return out
}

// PerUnit divides a total by a number of units, in microseconds; NaN for no units.
func PerUnit(total time.Duration, units int) float64 {
	if units == 0 {
		return math.NaN()
	}
	return float64(total) / float64(time.Microsecond) / float64(units)
}

// Passes reports whether a figure meets its goal. NaN does not.
func Passes(figure, goal float64) bool { return figure <= goal*Tolerance }
