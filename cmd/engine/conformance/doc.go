// Package conformance holds an engine against the contract. Its Client checks
// every answer against the OpenAPI document; its test plays a game with any
// engine that can be reached:
//
//	GALAXY_TEST_ENGINE_URL=http://127.0.0.1:8080 go test ./cmd/engine/conformance
//	go test ./cmd/engine/conformance -engine-url=http://127.0.0.1:8080
//
// The engine must be fresh: its state directory empty. Without an address the
// test starts this repository's engine.
package conformance
