// Package integration runs the real binary, as production does, against a
// Postgres and engines in containers on the real Docker daemon, a real SMTP
// server and a real gRPC stream. Its tests are behind the build tag
// "integration"; `make integration-test` makes the images that they need.
package integration
