package testkit

import (
	"testing"

	"go.uber.org/goleak"
)

// Main runs the tests of a package and fails them when a goroutine is left
// over. The one that waits for the test server's process is expected:
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
func Main(m *testing.M) {
	goleak.VerifyTestMain(m, Leaks()...)
}

// Leaks are the goroutines that outlive a test on purpose, for goleak.
func Leaks() []goleak.Option {
	return []goleak.Option{
		goleak.IgnoreAnyFunction("galaxy/backend/platform/subprocess.(*Process).wait"),
		goleak.IgnoreAnyFunction("github.com/testcontainers/testcontainers-go.(*Reaper).connect.func1"),
	}
}
