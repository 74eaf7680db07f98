// Package pushv1 is the contract between the backend and its gateways: the
// messages of push.proto and the service generated from it.
package pushv1
