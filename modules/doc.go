// Package modules is the folder of the domains; it holds no code of its own but
// the test of its rules.
//
// One total order; a domain imports only domains to its left:
//
//	admin · mail · push · engine · user · geo · auth · notification ·
//	engineversion · runtime · racename · game · lobby · turn · console
//
// Three rules:
//
//  1. Down: the consumer owns the interface. game/ports.go says what game needs of
//     runtime, game's module.go binds it. Plain types come from the provider.
//  2. Up: the lower one owns a hook, and the one function that registers it.
//     runtime owns Observer and ProvideObserver; game provides one. Hooks run in
//     name order, inside the caller's transaction. The service that calls a hook
//     is never needed by what hangs there: a domain with hooks has a second type
//     that reads and calls none (user.Accounts, game.Games).
//  3. Never sideways through strings: no event bus, no map[string]func.
//
// A transaction crosses domains as a parameter; a method that takes one never
// opens one. Walls follow tables: a table has one writing package, and a domain
// that has grown is split where its tables part. A store may read tables of
// domains to its left.
//
// A domain is one flat package, and the file name says the layer: model, errors,
// ports, service, store, cache, worker, hooks, metrics, http_public,
// http_internal, http_user, http_admin, module. What is pure (the spelling of
// names, plan, pace) or has alternatives (the drivers of runtime) is a package
// below its domain; no package re-exports a child's names.
package modules
