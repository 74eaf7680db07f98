// Package enginev1 is the contract between a game engine and its host: the
// OpenAPI document and the Go types of its requests and responses.
//
// One engine process serves exactly one game. The document is the contract; the
// types follow it field by field and carry no behaviour but what JSON needs:
// a group is named by number or alias, a cargo field is a mass or a kind, and a
// route's destination may be absent, null or a planet. Both sides share this
// package, so it imports nothing of either.
package enginev1
