// Package bot plays the game for tests and demonstrations. It knows only what a
// report tells, keeps no memory between turns, and decides nothing by chance:
// the same report gives the same orders.
//
// Its plan: look at every planet with drones, settle the free ones, research,
// and send warships against the nearest neighbour until two thirds of the
// people vote for it.
package bot
