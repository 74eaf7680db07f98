// Package game implements the game: its state, orders and commands, the turn, and
// the report of each race.
//
// A State is a value: commands and turns work on a clone, so that a published
// state can be read without a lock. Everything here is deterministic: equal
// configuration, state, commands and orders give equal turns, byte for byte.
// State.Check lists the invariants of a state.
//
// Numbers in parentheses, such as (12), are the phases of a turn in docs/engine.md;
// GP, NG and RPT are the sources that package rules names.
package game
