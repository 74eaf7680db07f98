// Package engine is the client of game engines: one HTTP server per game,
// reachable only through the Dialer that the runtime's driver provides.
//
// It owns no table. What an engine answers is treated as hostile:
//
//   - The address is made from the game's UUID and nothing else. No proxy, no
//     redirect, no compression; headers and bodies are capped.
//   - An answer is decoded into the types of proto/engine/v1 with no unknown
//     field and nothing behind the value, and has to name the right contract
//     and the right game. Everything else is ErrBadResponse, and none of its
//     text reaches anybody.
//   - A refusal becomes the fault of the same name. Its message is ours; of the
//     engine's details only those of the contract pass, cut to size.
//   - An engine that cannot be asked, or not in time, is ErrUnreachable.
//
// The client never repeats a call. Every call of the contract may be repeated,
// and whether that is wise only the caller knows.
package engine
