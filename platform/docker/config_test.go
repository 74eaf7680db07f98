package docker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/secret"
)

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"local socket":          {Config{Host: "unix:///var/run/docker.sock", Network: "galaxy"}, ""},
		"proxy in a container":  {Config{Host: "tcp://socket-proxy:2375", Network: "galaxy"}, ""},
		"loopback":              {Config{Host: "tcp://127.0.0.1:2375", Network: "galaxy"}, ""},
		"no network":            {Config{Host: "unix:///x"}, "BACKEND_DOCKER_NETWORK is required"},
		"the machine's network": {Config{Host: "unix:///x", Network: "host"}, "user-defined"},
		"remote without certs":  {Config{Host: "tcp://docker.example.com:2376", Network: "galaxy"}, "needs BACKEND_DOCKER_CERT_PATH"},
		"another scheme":        {Config{Host: "http://localhost", Network: "galaxy"}, "unix://"},
		"missing certificates":  {Config{Host: "tcp://1.2.3.4:2376", Network: "galaxy", CertPath: "/nonexistent"}, "cert.pem"},
	} {
		err := c.cfg.Validate()
		if c.want == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestBadRegistryCredentialsAreNamedWithoutTheirValue(t *testing.T) {
	t.Parallel()
	err := Config{Host: "unix:///x", Network: "galaxy", RegistryAuth: secret.New("ghcr.io=a:b,hunter2")}.Validate()

	require.ErrorContains(t, err, "entry 2")
	require.False(t, strings.Contains(err.Error(), "hunter2"))
}

func TestRegistryOfAReference(t *testing.T) {
	t.Parallel()
	for ref, want := range map[string]string{
		"galaxy-game:1": "docker.io", "library/galaxy-game": "docker.io", "ghcr.io/x/y:1": "ghcr.io",
		"localhost/x": "localhost", "127.0.0.1:5000/x@sha256:1": "127.0.0.1:5000",
	} {
		require.Equal(t, want, registryOf(ref), ref)
	}
}

func TestLogTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	out := &tailBuffer{limit: 4}
	for _, s := range []string{"one", "two", "three", "x"} {
		_, _ = out.Write([]byte(s))
	}
	require.Equal(t, "reex", string(out.Bytes()))
}
