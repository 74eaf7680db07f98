// Package rules contains the formulas of ruleset plus-1 and nothing else: no I/O,
// no clock, no maps that are iterated, no goroutines. Equal arguments give equal
// results, and every random decision draws from a stream of its own (Stream).
//
// Units: distances in light years, masses and cargo in units of mass, effort in
// production points, technology as a factor that starts at 1.00.
//
// The rules come from published documents, named in the comments as
//
//	GP   Galaxy Plus 1.6.2 player guide (1996)
//	DG   Dragon Galaxy rules, 2nd edition
//	NG   GalaxyNG players' manual
//	JG   constants of an independent implementation of Galaxy Plus
//	RPT  turn reports of two published games
package rules
