// Package testkit is what the tests of this repository share: a real Postgres
// with a fresh, migrated database per test, fx modules booted with stand-ins,
// an SMTP inbox, a country database, a TCP proxy that breaks connections on
// request, and an HTTP client that holds every request and response to
// openapi.yaml.
//
// What always holds:
//
//   - Nothing skips. A test that cannot have a Postgres fails and says why.
//   - Nothing sleeps. Waiting is on channels and ends with the test's context.
//   - Nothing stays behind: databases go with their test, the server with the
//     test process, however that ends. One thing is kept on purpose, like the
//     build cache: a prepared cluster in the user's cache directory, which
//     makes a package's first database cost 0.3 s instead of 1.5.
//
// Only tests import it; arch_test.go sees to that.
package testkit
