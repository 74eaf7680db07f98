// Package dockerdriver runs every engine in a container of one Docker daemon.
//
// A container is ours when it carries the label galaxy.backend=1 and its name
// and its label galaxy.game_id agree, unless its label galaxy.instance names
// another installation on the same daemon. A container without that label was
// made by a version that had none: if it has the name of a game of ours it is
// adopted and stays without one until the game's next start. The daemon cannot
// filter by "this instance or none", so the label is compared in its list and
// its events before anything else is asked: a container of another instance
// costs its line in the answer.
//
// The label galaxy.spec is a hash of the whole Spec, so that a container is
// adopted only when it is the wanted one.
// Engines are reached by asking the daemon for the container at every new
// connection: an address kept longer may be another game's by then.
package dockerdriver
