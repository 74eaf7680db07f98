// Package localpg runs a private Postgres server from the binaries that are
// installed on this machine. testkit gives each test process one, cmd/devstack
// keeps one beside the developer's checkout, and the benchmarks measure on one.
//
// What always holds:
//
//   - Nothing outside Config.Dir is touched, and nobody but its owner can read
//     that directory.
//   - The server listens on 127.0.0.1 only and asks for a password that was
//     drawn when the cluster was made.
//   - The server never outlives the process that started it, however that
//     process ends (package subprocess).
//   - Postgres refuses to run as root, so under root the server and its files
//     belong to the user postgres, or to nobody where that one is missing.
package localpg
