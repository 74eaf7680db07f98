// Package pace decides when a turn is due and whom it waits for: the clock of a
// game, the submissions of its players, and the rules about missed turns. It is
// pure: times come in, clocks and lists come out.
package pace
