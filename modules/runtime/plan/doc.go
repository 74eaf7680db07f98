// Package plan is the pure part of runtime: what is known of a game's engine,
// what was seen of it, and the one step to take next.
//
// Decide has no memory and asks nobody. It is asked anew after every step, so
// whatever a crash left behind is just another sight.
package plan
