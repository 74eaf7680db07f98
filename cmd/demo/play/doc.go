// Package play plays one game on a running platform, from sign-up to the last
// report, as a gateway, an operator and two players do: over REST, the push
// stream, and a mail inbox. It imports no package of the backend's modules.
//
// The demo prints every step; the integration test plays the same game and
// validates every call against the contract.
package play
