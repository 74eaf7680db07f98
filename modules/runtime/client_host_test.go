package runtime

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/driver/dockerdriver"
	"galaxy/backend/modules/runtime/driver/processdriver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/docker"
	"galaxy/backend/platform/testkit"
)

// newHost is a host of the driver of that name, whose state root is root.
func newHost(t *testing.T, name, root string) EngineHost {
	t.Helper()
	cfg := testConfig()
	cfg.Driver, cfg.EngineBinary = name, "/usr/bin/true"
	host, err := NewEngineHost(cfg, driver.StateConfig{StateRoot: root},
		docker.Config{Host: "unix:///nowhere/docker.sock", Network: "galaxy"},
		NewInstance(testkit.DB(t), clock.System{}, zap.NewNop()), clock.NewFake(noon), zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, host.Close(t.Context())) })
	return host
}

func TestTheConfigurationNamesTheDriver(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	require.IsType(t, &processdriver.Driver{}, newHost(t, "process", root).Driver)
	host := newHost(t, "docker", root)
	require.IsType(t, &dockerdriver.Driver{}, host.Driver)
	_, err := host.Driver.Inspect(t.Context(), uuid.New())
	require.ErrorIs(t, err, driver.ErrUnavailable, "there is no silent fall-back")
	require.NoError(t, host.Open(t.Context()), "a daemon that is down does not keep the backend from starting")
}

func TestAStateRootThatCannotBeUsedKeepsTheBackendFromStarting(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	require.ErrorContains(t, newHost(t, "docker", file).Open(t.Context()), "BACKEND_GAME_STATE_ROOT cannot be used")
}
