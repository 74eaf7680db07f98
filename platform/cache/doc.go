// Package cache is the one mechanism behind every cache of the backend.
//
// A Table holds what the database says about its keys, so that hot requests
// need no query. It is write-through: a domain stages Put and Drop in the
// transaction that changes the rows, and the change reaches the table after
// COMMIT, under the stripe of its key, in commit order.
//
// What always holds:
//
//   - The database decides. A table is an answer to "what did the last commit
//     say", never to "may I": rules that two requests could break together are
//     held by constraints and row locks.
//   - After quiescence every entry equals its row. A COMMIT whose outcome is
//     unknown drops its keys, and what Get reads is not cached until the server
//     has ended the transaction: it may still take effect. A read that started
//     before a commit never overwrites what the commit staged.
//   - A table is bounded. At its maximum it evicts an arbitrary entry, which the
//     next Get reads again: slower, never wrong.
//   - Inside a transaction read the store, not the cache.
package cache
