// Package lobby owns games from their draft to their end, who sits in them, how
// one gets in (applications, invites), and the Race Name Directory.
//
// Tables: games, memberships, applications, invites, race_name_keys,
// race_names, player_turn_stats.
//
// What always holds:
//
//   - A game's state changes only along the table in states.go; anything else is
//     game_state_conflict and changes nothing.
//   - Every change of a game holds the row lock of the game. Locks are taken in
//     the order account, game, runtime record, name keys, name rows.
//   - A game never has more active members than max_players: seats_taken is a
//     column of the locked row, with a CHECK.
//   - A key of the Race Name Directory has one holder on the platform.
//   - What a limit counts only grows while the account is locked. A game that is
//     inherited is the exception: nobody is asked, and no limit refuses it.
//
// Who may see a game: everybody a public one that left its draft; a private one
// its owner, whoever was ever a member, is invited or applied, and, while its
// join policy is "application" and enrolment is open, whoever knows its id.
// To everybody else it does not exist.
//
// Who left a game is shown to those who sat in it, why to the owner and to them.
//
// An enrolment is over at its deadline, swept or not. Leaving it, by whatever way,
// rejects the applications and revokes the invites that are still open.
//
// A game is launched from its first request to start on. Until then leaving,
// removal and blocking free the seat and release the race name; from then on the
// race stays in the game. A seat whose member left may be offered to somebody
// new, and while one is on offer the owner may invite: whoever is invited sees the
// game and may take the seat, which redeems the invite. Blocking and the end of
// an account banish the race. A name that was given up before the launch may be
// another member's race by then: nothing of what befalls its former holder
// touches it.
//
// A force-start needs one member only. A turn that was under way when its game
// was paused may still finish the game.
package lobby
