package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLastLinesOfTheLogAreQuoted(t *testing.T) {
	t.Parallel()
	s := &stack{dir: directory{root: t.TempDir()}}
	require.Equal(t, "it said nothing", s.lastLogLines())
	require.NoError(t, os.WriteFile(s.dir.path("backend.log"), []byte("1\n2\n3\n4\n5\n6\n7\n"), 0o600))
	require.Equal(t, "see "+s.dir.path("backend.log")+"\n3\n4\n5\n6\n7", s.lastLogLines())
}

func TestSettingsFollowTheDriver(t *testing.T) {
	t.Parallel()
	s := newFixture(t, testConfig(reachable(t)), "on").stack
	settings := s.settings()
	require.Equal(t, driverProcess, settings["BACKEND_RUNTIME_DRIVER"])
	require.Equal(t, "/no/engine", settings["BACKEND_RUNTIME_ENGINE_BINARY"])
	require.NotContains(t, settings, "BACKEND_DOCKER_HOST")
	for name, value := range settings {
		if strings.HasSuffix(name, "_LISTEN_ADDR") {
			require.True(t, strings.HasPrefix(value, "127.0.0.1:"), "%s: everything listens on this machine alone", name)
		}
	}

	docker := *s // the stack goes on
	docker.engines.driver, docker.engines.host = driverDocker, "unix:///d.sock"
	settings = docker.settings()
	require.Equal(t, "unix:///d.sock", settings["BACKEND_DOCKER_HOST"])
	require.NotContains(t, settings, "BACKEND_RUNTIME_ENGINE_BINARY")
}
