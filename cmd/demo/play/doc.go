// Package play takes a running platform through one game, from sign-up to the
// last report, as a gateway, an operator and two players would: over REST, the
// push stream, and a mail inbox. It knows nothing of the backend's inside.
//
// The demo tells it as a story; the integration test plays the same game and
// holds every call to the contract.
package play
