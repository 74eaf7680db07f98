// Package game owns games from their draft to their end, and their members.
//
// It owns games, memberships and player_turn_stats. How users become
// members (applications, invites, offered seats) belongs to package lobby.
//
// What always holds:
//
//   - A game's state changes only along the table in model_state.go; anything else
//     is game_state_conflict and changes nothing.
//   - Every change of a game holds the row lock of the game. Locks are taken in
//     the order account, game, runtime record, name keys, name rows.
//   - A game never has more active members than max_players: seats_taken is a
//     column of the locked row, with a CHECK.
//   - What a limit counts only grows while the account is locked. A game that is
//     inherited is the exception: nobody is asked, and no limit refuses it.
//
// Who may see a game: everybody a public one that left its draft; a private one
// its owner, whoever was ever a member, whom an Access hook names, and, while its
// join policy is "application" and enrollment is open, whoever knows its id. To
// everybody else it does not exist. Who left a game is shown to its
// members, past ones too; why they left, to the owner and to themselves.
//
// An enrollment is over at its deadline, swept or not. Whatever ends it is told
// to the observers.
//
// A game is launched from its first request to start on. Until then leaving,
// removal and blocking free the seat and release the race name; from then on the
// race stays in the game. Blocking and the end of an account banish the race. A
// name that was released before the launch may be another member's race by then;
// what happens to its former holder does not change that race.
//
// A force-start needs one member only. A turn that was under way when its game
// was paused may still finish the game.
package game
