package driver_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func TestOnlyCanonicalNamesBelongToAGame(t *testing.T) {
	t.Parallel()
	game := uuid.MustParse("019aa000-0000-7000-8000-00000000000a")
	got, ok := driver.GameOf(driver.Name(game))
	require.True(t, ok)
	require.Equal(t, game, got)
	for _, name := range []string{
		"", "galaxy-game-", game.String(), "galaxy-game-019AA000-0000-7000-8000-00000000000A", "galaxy-game-" + game.URN(),
		"galaxy-game-{" + game.String() + "}", "galaxy-game-00000000-0000-0000-0000-000000000000", "galaxy-game-../" + game.String(),
	} {
		_, ok := driver.GameOf(name)
		require.False(t, ok, name)
	}
}

func TestEveryFieldOfASpecCounts(t *testing.T) {
	t.Parallel()
	base := driver.Spec{GameID: uuid.Must(uuid.NewV7()), Env: map[string]string{"A": "1", "B": "2"}}
	same := base
	same.Env = map[string]string{"B": "2", "A": "1"}
	require.Equal(t, base.Hash(), same.Hash())
	for name, change := range map[string]func(*driver.Spec){
		"generation": func(s *driver.Spec) { s.Generation++ },
		"image":      func(s *driver.Spec) { s.Image = "x" },
		"memory":     func(s *driver.Spec) { s.Memory++ },
		"env":        func(s *driver.Spec) { s.Env = map[string]string{"A": "2", "B": "2"} },
		"log":        func(s *driver.Spec) { s.LogOpts = map[string]string{"a": "b"} },
	} {
		other := base
		change(&other)
		require.NotEqual(t, base.Hash(), other.Hash(), name)
	}
}

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

func TestConfigNamesEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	good := driver.Config{
		Driver: "docker", ContainerLogDriver: "json-file", ContainerCPUQuota: 2, ContainerMemory: 512 << 20,
		ContainerPidsLimit: 256, ContainerStateMount: "/var/lib/galaxy-game",
	}
	require.NoError(t, good.Validate())
	bad := driver.Config{Driver: "process", EngineBinary: "engine", ContainerStateMount: "/"}
	for _, name := range []string{"ENGINE_BINARY", "LOG_DRIVER", "CPU_QUOTA", "MEMORY", "PIDS_LIMIT", "STATE_MOUNT"} {
		require.ErrorContains(t, bad.Validate(), name)
	}
	bad.Driver = "swarm"
	require.ErrorContains(t, bad.Validate(), "BACKEND_RUNTIME_DRIVER")
	require.Error(t, driver.StateConfig{StateRoot: "relative"}.Validate())
	require.NoError(t, driver.StateConfig{StateRoot: "/srv/galaxy"}.Validate())
}
