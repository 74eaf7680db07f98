// Package dockerdriver runs every engine in a container of one Docker daemon.
//
// A container is ours when it carries the label galaxy.backend=1 and its name
// and its label galaxy.game_id agree. The label galaxy.spec is a hash of the
// whole Spec, so that a container is adopted only when it is the wanted one.
// Engines are reached by asking the daemon for the container at every new
// connection: an address kept longer may be another game's by then.
package dockerdriver
