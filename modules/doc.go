// Package modules is the folder of the domains; it holds no code of its own but
// the test of its rules.
//
// One total order; a domain imports only domains to its left:
//
//	admin · mail · push · engine · user · geo · auth · notification · engineversion · runtime · lobby · turn · console
//
// Three rules:
//
//  1. Down: the consumer owns the interface. lobby/ports.go says what lobby
//     needs of runtime, lobby's module.go binds it. Plain types come from the
//     provider.
//  2. Up: the lower one owns a hook. runtime owns Observer and takes all of them
//     from a value group; lobby provides one. Hooks run in name order, inside
//     the caller's transaction, and hang on the upper domain's store.
//  3. Never sideways through strings: no event bus, no map[string]func.
//
// A transaction crosses domains as a parameter; a method that takes one never
// opens one. No domain writes another's table. One table has one writer.
//
// A domain is one flat package, and the file name says the layer: model, errors,
// ports, service, store, cache, worker, http_public, http_internal, http_user,
// http_admin, module. What is pure (rules of names, of turns, of states), what
// has alternatives (the drivers of runtime), and what a large domain keeps apart
// (lobby's games and directory) are packages below it; only their domain imports
// them.
package modules
