// Package registry is runtime's list of engine versions: which image each is,
// which may start games, which one is the default. It owns engine_versions.
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
package registry
