// Package driver is the port through which runtime keeps engines running,
// whatever they run in: dockerdriver puts each into a container, processdriver
// runs them as children of the backend.
//
// What every driver keeps to (drivertest checks it):
//
//   - A game has at most one engine, found by the name galaxy-game-{game_id}.
//   - Every call can be repeated. One that timed out may have taken place; the
//     truth is Inspect and List, and Watch only hints that they are worth a look.
//   - Ensure adopts what it finds: an engine that an earlier call made, whose
//     answer was lost, is no obstacle.
//   - What is not ours is reported as foreign, never dialled, changed or ended.
//   - Engines belong to an installation (Instance). Those of another one are as
//     good as absent: not listed, hinted of, dialled, changed or ended, and
//     nobody is told of them. One that has our game's name, which takes a copied
//     database, makes Ensure fail with an ErrForeign that names both instances.
//   - An engine of no instance was made before there were any and may be ours.
//   - An engine that cannot be asked about is ErrUnavailable, never absent.
//
// The state of a game is a directory of the backend's machine (StateDirs), which
// outlives every engine.
package driver
