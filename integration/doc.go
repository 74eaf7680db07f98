// Package integration runs the real binary, as production does, against a
// Postgres and engines in containers on the real Docker daemon, a real SMTP
// server and a real gRPC stream. Its tests need the build tag "integration";
// `make integration-test` builds the images that they need.
//
// The files scenario_*_test.go are one scenario that exercises the whole of
// openapi.yaml, in steps that share one backend. An operation that is added to
// the document fails it until a step has called it successfully.
package integration
