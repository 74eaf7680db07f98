// Package store persists a game in its state directory.
//
//	LOCK                        flock of the process that uses the directory
//	game.json                   the init document and the seed; immutable
//	turns/000012/state.json     the whole state after turn 12 (.gz once superseded)
//	turns/000012/meta.json      engine version, time, duration
//	orders/000012/<race>.json   order lists accepted in turn 12
//	commands/000012.jsonl       commands and banishments of turn 12, one per line
//	rewound/001/...             what a rewind has archived
//
// What always holds: an operation that returned nil survives a crash; one that
// did not return has happened as a whole or not at all. A turn is committed by
// the rename of its directory. Every file carries a checksum; one that does not
// match is an error (CorruptError), never skipped.
package store
