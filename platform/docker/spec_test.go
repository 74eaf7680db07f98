package docker

import (
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/stretchr/testify/require"
)

func TestLogsOfTheUsualDriversAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   Logging
		want map[string]string
	}{
		"json-file":      {Logging{Driver: "json-file"}, map[string]string{"max-size": "10m", "max-file": "3"}},
		"local":          {Logging{Driver: "local"}, map[string]string{"max-size": "10m", "max-file": "3"}},
		"the operator's": {Logging{Driver: "json-file", Options: map[string]string{"max-size": "1g", "tag": "x"}}, map[string]string{"max-size": "1g", "max-file": "3", "tag": "x"}},
		"another driver": {Logging{Driver: "journald", Options: map[string]string{"tag": "x"}}, map[string]string{"tag": "x"}},
		"no driver":      {Logging{Driver: "none"}, map[string]string{}},
	} {
		require.Equal(t, container.LogConfig{Type: c.in.Driver, Config: c.want}, c.in.config(), name)
	}
}

func TestProfileGivesNothingThatIsNotNeeded(t *testing.T) {
	t.Parallel()
	h := Spec{Network: "games", CPUs: 1.5, Memory: 64 << 20, Pids: 7, Port: 8080}.hostConfig()
	require.Equal(t, []string{"ALL"}, []string(h.CapDrop))
	require.Equal(t, []string{"no-new-privileges"}, h.SecurityOpt)
	require.True(t, h.ReadonlyRootfs)
	require.False(t, h.Privileged)
	require.EqualValues(t, container.IPCModePrivate, h.IpcMode)
	require.EqualValues(t, container.RestartPolicyDisabled, h.RestartPolicy.Name, "it is the backend that starts engines again")
	require.EqualValues(t, 1_500_000_000, h.NanoCPUs)
	require.Equal(t, h.Memory, h.MemorySwap, "no swap beyond the limit")
	require.EqualValues(t, 7, *h.PidsLimit)
	require.Nil(t, h.Init, "with an init a bad entrypoint would seem to start")
	require.Empty(t, h.Mounts)
	require.Empty(t, h.PortBindings, "nothing is published unless it is asked for")
	require.Empty(t, h.Binds, "a bind would make a missing source as root")
}

func TestPortIsPublishedOnTheAddressThatIsAskedForAlone(t *testing.T) {
	t.Parallel()
	h := Spec{Port: 8080, Publish: "127.0.0.1"}.hostConfig()
	require.Len(t, h.PortBindings, 1)
	require.Equal(t, "127.0.0.1", h.PortBindings["8080/tcp"][0].HostIP)
	require.Empty(t, h.PortBindings["8080/tcp"][0].HostPort, "a free one")
}

func TestChecksOfTheImagesOwnAreOff(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"NONE"}, Spec{Port: 8080}.containerConfig().Healthcheck.Test)
}
