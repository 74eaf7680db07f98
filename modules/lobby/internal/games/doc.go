// Package games is the game itself: its state, its seats, its turns as far as
// others see them, and what engines and the ends of accounts do to it. How one
// gets into a game (applications, invites, offered seats) is the package
// above, which is also the only one that may import this one.
//
// Tables: games, memberships, player_turn_stats. Applications and invites are
// only settled here, all of a game's or of a user's at once.
//
// Ledger is what hooks and services share. The rules are those of package lobby.
package games
