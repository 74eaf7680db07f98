// Package game is the game itself: its state, what players may do to it, the
// turn, and what each race sees of it.
//
// A State is a value: commands and turns work on a clone, so that a published
// state can be read without a lock. Everything here is deterministic: equal
// configuration, state, commands and orders give equal turns, byte for byte.
// What always holds for a state is written down in State.Check.
package game
