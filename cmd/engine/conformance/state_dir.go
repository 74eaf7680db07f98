package conformance

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// StateDir creates an empty state directory for an engine under test, in memory
// where possible: engines call fsync thousands of times.
func StateDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "engine")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}
