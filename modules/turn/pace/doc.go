// Package pace is what turns a deadline into a turn, and who it waits for: the
// clock of a game, the receipts of its players, and the rules about missed turns.
// It is pure: times come in, clocks and lists come out.
package pace
