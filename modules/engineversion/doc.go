// Package engineversion is the registry of engines: which image each version
// is, which versions may start games, and which one is the default. It owns
// engine_versions.
//
// What always holds:
//
//   - A version is spelled in one way, and its image reference names a tag or a
//     digest; what it resolved to is kept when it is pulled.
//   - At most one version is the default, and that one is active. Both are
//     constraints of the table.
//   - A version that a game uses or has used cannot be deleted.
//   - Questions are answered from memory. Every change drops the whole list,
//     which is small, once it has committed.
//   - Images that are to be pulled ahead are queued here. Whoever runs engines
//     waits for PrefetchSignal, pulls, and reports back; this package knows no
//     container.
package engineversion
