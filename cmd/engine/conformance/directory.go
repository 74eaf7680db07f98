package conformance

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Directory is an empty state directory for an engine under test, on a file
// system without a disk where there is one: engines sync thousands of times.
func Directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "engine")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}
