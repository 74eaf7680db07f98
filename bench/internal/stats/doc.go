// Package stats is the arithmetic of the benchmarks: medians, percentiles, and
// ratios of two sides that were measured alternately.
//
// What always holds: a ratio is taken within one round, between slots that are
// seconds apart, and only then the median over the rounds. The speed of the machine
// may change by a third between two rounds; within one it hardly does.
package stats
