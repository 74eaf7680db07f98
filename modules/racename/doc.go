// Package racename owns the Race Name Directory: one namespace of race names for
// the platform. docs/race-names.md has its rules.
//
// It owns race_name_keys and race_names. A name claims the keys that spelling
// gives it; a key has one holder, who may use it in several games, and goes with
// the last name that claims it. A name is reserved while its game lasts, then
// pending_registration for members in good standing, then registered.
//
// What always holds:
//
//   - A key has one holder on the platform.
//   - Keys are locked before names, all keys of a transaction in their order, and
//     both after everything else. Account and game come first.
//   - The table decides; the cache only answers whether a name is free.
//   - Between registering and expiry the lock of the name's row decides.
//   - Deleting an account releases all of its names. A permanent block keeps the
//     registered ones, which nobody can use then.
package racename
