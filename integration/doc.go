// Package integration runs the real binary, as production does, against a
// Postgres and engines in containers on the real Docker daemon, a real SMTP
// server and a real gRPC stream. Its tests are behind the build tag
// "integration"; `make integration-test` makes the images that they need.
//
// The files tour_*_test.go are one walk through the whole of openapi.yaml, told
// in chapters that share a world. An operation that is added to the document
// fails the walk until a chapter has made it succeed.
package integration
