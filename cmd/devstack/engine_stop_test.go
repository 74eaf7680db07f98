package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/docker"
)

// fakeDaemon lists containers and keeps what it was told to do to them.
type fakeDaemon struct {
	mu         sync.Mutex
	containers []fakeContainer
	told       []string
}

type fakeContainer struct {
	Name, Status string
	Labels       map[string]string
}

func (d *fakeDaemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1.41")
	w.Header().Set("Api-Version", "1.41")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case path == "/_ping" || path == "/version":
		_, _ = w.Write([]byte("{}"))
	case path == "/containers/json":
		var list []map[string]any
		for _, c := range d.containers {
			list = append(list, map[string]any{"Id": c.Name, "Labels": c.Labels})
		}
		_ = json.NewEncoder(w).Encode(list)
	case r.Method == http.MethodGet:
		name := strings.TrimSuffix(strings.TrimPrefix(path, "/containers/"), "/json")
		for _, c := range d.containers {
			if c.Name == name {
				_ = json.NewEncoder(w).Encode(map[string]any{
					"Id": c.Name, "Name": "/" + c.Name, "State": map[string]any{"Status": c.Status},
					"Config": map[string]any{"Labels": c.Labels},
				})
			}
		}
	default:
		d.told = append(d.told, r.Method+" "+path)
		if strings.HasPrefix(path, "/images/") {
			_, _ = w.Write([]byte("[]"))
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

func (d *fakeDaemon) requests() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.told
}

// set puts containers on the daemon.
func (d *fakeDaemon) set(containers ...fakeContainer) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.containers = containers
}

// withFakeDocker is a stack that runs engines on d.
func withFakeDocker(t *testing.T, d *fakeDaemon, cfg config) *stack {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "d.sock")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	require.NoError(t, err)
	server := &http.Server{Handler: d}
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { _ = server.Close(); done.Wait() })
	client, err := docker.New(docker.Config{Host: "unix://" + socket, Network: "n"}, clock.System{}, zap.NewNop())
	require.NoError(t, err)
	e := engines{driver: driverDocker, client: client, image: "n/engine:0.1.0", network: "n"}
	return &stack{cfg: cfg, dir: openTest(t, cfg), engines: e}
}

func TestEnginesOfAStackThatStaysAreStoppedAndKept(t *testing.T) {
	t.Parallel()
	d := &fakeDaemon{}
	s := withFakeDocker(t, d, testConfig(reachable(t)))
	label := func(game string) map[string]string {
		return map[string]string{"galaxy.backend": "1", "galaxy.game_id": game}
	}
	running, ended, other := uuid.NewString(), uuid.NewString(), uuid.NewString()
	for _, game := range []string{running, ended} {
		require.NoError(t, os.Mkdir(s.dir.path("games", game), 0o755))
	}
	d.set(fakeContainer{"running", "running", label(running)}, fakeContainer{"ended", "exited", label(ended)},
		fakeContainer{"other", "running", label(other)}, fakeContainer{"nameless", "running", label("")},
		fakeContainer{"planted", "running", label("..")})

	require.NoError(t, s.stopEngines(t.Context()))

	require.Equal(t, []string{"POST /containers/running/stop"}, d.requests())
}

func TestEphemeralStackTakesEnginesNetworkAndImageAlong(t *testing.T) {
	t.Parallel()
	d := &fakeDaemon{}
	s := withFakeDocker(t, d, config{Ephemeral: true})
	game := uuid.NewString()
	require.NoError(t, os.Mkdir(s.dir.path("games", game), 0o755))
	d.set(fakeContainer{"mine", "running", map[string]string{"galaxy.game_id": game}})

	require.NoError(t, s.stopEngines(t.Context()))

	require.Equal(t, []string{
		"POST /containers/mine/stop", "DELETE /containers/mine", "DELETE /networks/n", "DELETE /images/n/engine:0.1.0",
	}, d.requests())
}

func TestEnginesOfADaemonThatIsGoneAreTold(t *testing.T) {
	t.Parallel()
	client, err := docker.New(docker.Config{Host: "unix:///nowhere/docker.sock", Network: "n"}, clock.System{}, zap.NewNop())
	require.NoError(t, err)
	s := &stack{engines: engines{client: client}}
	require.ErrorIs(t, s.stopEngines(context.Background()), docker.ErrUnavailable)
}
