package driver_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func TestSizesAreReadLikeDockers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]driver.Bytes{
		"512m": 512 << 20, "1g": 1 << 30, "1GB": 1 << 30, "64k": 64 << 10, "123": 123, "7b": 7, " 2T ": 2 << 40,
	} {
		var got driver.Bytes
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, got, text)
		var again driver.Bytes
		require.NoError(t, again.UnmarshalText([]byte(got.String())))
		require.Equal(t, got, again)
	}
	for _, text := range []string{"", "m", "-1", "1.5g", "9999999t", "512x"} {
		var got driver.Bytes
		require.Error(t, got.UnmarshalText([]byte(text)), text)
	}
}

func TestLogOptionsAreKeyValuePairs(t *testing.T) {
	t.Parallel()
	var got driver.Options
	require.NoError(t, got.UnmarshalText([]byte("max-size=10m, tag={{.Name}}=x,,")))
	require.Equal(t, driver.Options{"max-size": "10m", "tag": "{{.Name}}=x"}, got)
	require.NoError(t, got.UnmarshalText(nil))
	require.Empty(t, got)
	require.Error(t, got.UnmarshalText([]byte("novalue")))
	require.Error(t, got.UnmarshalText([]byte("=x")))
}

func goodConfig() driver.Config {
	return driver.Config{
		Driver: "docker", ContainerLogDriver: "json-file", ContainerCPUQuota: 2, ContainerMemory: 512 << 20,
		ContainerPidsLimit: 256, ContainerStateMount: "/var/lib/galaxy-game",
	}
}

func TestConfigNamesEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	bad := driver.Config{Driver: "process", EngineBinary: "engine", ContainerStateMount: "/"}
	for _, name := range []string{"ENGINE_BINARY", "LOG_DRIVER", "CPU_QUOTA", "MEMORY", "PIDS_LIMIT", "STATE_MOUNT"} {
		require.ErrorContains(t, bad.Validate(), name)
	}
	bad.Driver = "swarm"
	require.ErrorContains(t, bad.Validate(), "BACKEND_RUNTIME_DRIVER")
}

func TestLimitsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	require.NoError(t, goodConfig().Validate())
	for name, c := range map[string]struct {
		change func(*driver.Config)
		want   string // "" is allowed
	}{
		"least quota":             {func(c *driver.Config) { c.ContainerCPUQuota = 0.01 }, ""},
		"no quota":                {func(c *driver.Config) { c.ContainerCPUQuota = 0 }, "CPU_QUOTA"},
		"a quota that is none":    {func(c *driver.Config) { c.ContainerCPUQuota = math.NaN() }, "CPU_QUOTA"},
		"a quota without end":     {func(c *driver.Config) { c.ContainerCPUQuota = math.Inf(1) }, "CPU_QUOTA"},
		"least memory":            {func(c *driver.Config) { c.ContainerMemory = 6 << 20 }, ""},
		"less memory":             {func(c *driver.Config) { c.ContainerMemory = 6<<20 - 1 }, "MEMORY"},
		"one process":             {func(c *driver.Config) { c.ContainerPidsLimit = 1 }, ""},
		"no process":              {func(c *driver.Config) { c.ContainerPidsLimit = 0 }, "PIDS_LIMIT"},
		"a relative mount":        {func(c *driver.Config) { c.ContainerStateMount = "state" }, "STATE_MOUNT"},
		"the root, disguised":     {func(c *driver.Config) { c.ContainerStateMount = "/x/.." }, "STATE_MOUNT"},
		"a process driver":        {func(c *driver.Config) { c.Driver, c.EngineBinary = "process", "/bin/engine" }, ""},
		"a program of nowhere":    {func(c *driver.Config) { c.Driver = "process" }, "ENGINE_BINARY"},
		"a program not looked at": {func(c *driver.Config) { c.EngineBinary = "relative" }, ""},
	} {
		cfg := goodConfig()
		c.change(&cfg)
		if c.want == "" {
			require.NoError(t, cfg.Validate(), name)
			continue
		}
		require.ErrorContains(t, cfg.Validate(), "BACKEND_RUNTIME_", name)
		require.ErrorContains(t, cfg.Validate(), c.want, name)
	}
}

func TestStateRootIsAnAbsolutePathBelowTheRoot(t *testing.T) {
	t.Parallel()
	require.NoError(t, driver.StateConfig{StateRoot: "/srv/galaxy"}.Validate())
	for _, root := range []string{"", "relative", "/", "/srv/.."} {
		require.ErrorContains(t, driver.StateConfig{StateRoot: root}.Validate(), "BACKEND_GAME_STATE_ROOT", root)
	}
}
