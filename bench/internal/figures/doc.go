// Package figures is the arithmetic of the benchmarks: medians, percentiles,
// and the ratio of two sides that were measured in turns.
//
// What always holds: a ratio is taken within one round, between slots that lie
// seconds apart, and only then the median over the rounds. The machine may
// drift by a third between two rounds; it hardly does within one.
package figures
