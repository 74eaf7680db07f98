// Package lobby owns the ways into a game: applications, invites, and the seats
// that are offered to somebody new. The games themselves are package game's.
//
// It owns applications, invites and invite_counts.
//
// What always holds:
//
//   - A user has one live application and one live invite per game, and a game
//     sends a bounded number of invites; constraints hold both.
//   - Whoever takes a seat locks the account first, then the game, then the invite or
//     the application. Answers to these lock the game first.
//   - When a game takes nobody any more its applications are rejected and its
//     invites revoked, in the transaction that ends its enrollment.
//   - When an account ends its applications are withdrawn and its invites declined.
//
// Who is invited, or ever applied, may see a private game.
//
// A seat whose member left may be offered to somebody new, and while one is on
// offer the owner may invite: whoever is invited sees the game and may take the
// seat, which redeems the invite.
package lobby
