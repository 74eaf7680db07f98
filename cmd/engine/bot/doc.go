// Package bot plays the game for tests and demonstrations. It uses nothing but
// reports, keeps no state between turns, and is deterministic: the same report
// gives the same orders.
//
// Its strategy: observe every planet with drones, colonise the free ones,
// research, and send warships against the nearest neighbour until it has two
// thirds of the votes.
package bot
