package main

import (
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSilentDockerMeansProcessesAndIsSaid(t *testing.T) {
	t.Setenv("BACKEND_DOCKER_HOST", "unix:///nowhere/docker.sock")
	cfg := testConfig(reachable(t))
	cfg.Driver = driverAuto
	s := newStack(cfg, fakeBuilder(t, "on"), io.Discard)
	require.NoError(t, s.prepare())
	t.Cleanup(func() { require.NoError(t, s.down()) })
	require.NoError(t, s.compile(t.Context()))
	require.NoError(t, s.prepareEngines(t.Context()))
	require.Equal(t, driverProcess, s.engines.driver)
	require.Equal(t, "no answer from Docker at unix:///nowhere/docker.sock", s.engines.why)

	s.cfg.Driver = driverDocker
	require.ErrorContains(t, s.prepareEngines(t.Context()), "no answer from Docker", "what is asked for is not replaced in silence")
}
