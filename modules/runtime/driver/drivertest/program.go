package drivertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "galaxy-test-engine")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "engine")
	cmd := exec.Command("go", "build", "-o", bin, "galaxy/backend/platform/docker/testdata/testengine")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return string(out), err
	}
	return bin, nil
})

// Program is the path of a static stand-in for an engine.
func Program(t *testing.T) string {
	t.Helper()
	path, err := program()
	require.NoError(t, err, path)
	return path
}

// Main runs the tests of a package and removes the stand-in afterwards. It puts
// a secret into the environment that no engine may see.
func Main(m *testing.M) int {
	_ = os.Setenv("BACKEND_POSTGRES_DSN", "postgres://canary")
	code := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	return code
}
