// Package gateway recognises the gateway: the one peer that may speak for
// users.
//
// X-User-ID is believed without further proof, so whoever can reach a listener
// is every user at once. Two proofs are known, and either is enough: a shared
// secret (two at a time, so that it can be rotated) and a client certificate
// signed by the configured authority. HTTP and gRPC ask the same Guard. With
// neither configured everyone is taken for the gateway, which is fine on
// loopback and warned about everywhere else.
package gateway
