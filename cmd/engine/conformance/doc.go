// Package conformance checks an engine against the contract. Its Client checks
// every answer against the OpenAPI document; its test plays one game with any
// engine that can be reached, from init to the end:
//
//	GALAXY_TEST_ENGINE_URL=http://127.0.0.1:8080 go test ./cmd/engine/conformance
//	go test ./cmd/engine/conformance -engine-url=http://127.0.0.1:8080
//
// The engine must have an empty state directory. It may generate another galaxy
// than this repository's engine, but must play the same ruleset. Without an
// address the test starts this repository's engine, and then injects faults to
// check that each is detected.
//
// What cannot be seen from outside is not tested here: durability, determinism,
// and the codes turn_failed, internal, busy, shutting_down, storage_unavailable
// and state_corrupt.
package conformance
