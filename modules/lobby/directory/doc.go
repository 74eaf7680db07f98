// Package directory is the Race Name Directory: one namespace for the platform.
//
// Tables: race_name_keys, race_names. A name claims the keys that racename gives
// it; a key has one holder, who may use it in several games, and goes with the
// last name that claims it. A name is reserved while its game lasts, then
// pending_registration for members in good standing, then registered. R1 to R14
// are named in the comments of what obeys them.
//
// What always holds:
//
//   - Keys are locked before names, all keys of a transaction in their order, and
//     both after everything else. Account and game come first.
//   - The table decides; the cache only answers whether a name is free.
//   - Between registering and expiry the lock of the name's row decides.
package directory
