//go:build integration

package docker

import (
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var buildEngine = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "galaxy-test-engine")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "engine"), "./testdata/testengine")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return out, err
	}
	return os.ReadFile(filepath.Join(dir, "engine"))
})

// fixture is the real daemon of this machine with an image and a network of this test alone.
type fixture struct {
	*Client
	t     *testing.T
	name  string
	image string
	label string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	name := "galaxy-test-" + strings.ToLower(rand.Text()[:10])
	f := &fixture{Client: clientOf(t, "unix:///var/run/docker.sock"), t: t, name: name, image: name + ":1", label: "galaxy.test=" + name}
	ctx := context.Background()
	engine, err := buildEngine()
	require.NoError(t, err, string(engine))
	require.NoError(t, f.Load(ctx, f.program(engine)))
	t.Cleanup(func() {
		list, err := f.List(ctx, Selector{Label: f.label})
		require.NoError(t, err)
		for _, c := range list {
			require.NoError(t, f.Remove(ctx, c.ID))
		}
		require.NoError(t, f.RemoveNetwork(ctx, f.name))
		require.NoError(t, f.RemoveImage(ctx, f.image))
	})
	_, err = f.EnsureNetwork(ctx, f.name)
	require.NoError(t, err)
	return f
}

// program is an image of this test alone: the daemon may lose one that another
// test untags meanwhile.
func (f *fixture) program(binary []byte) Program {
	return Program{
		Ref: f.image, Binary: binary, Path: "/app", Entrypoint: []string{"/app", "serve"}, User: "65532:65532", Port: 8080,
		Labels: map[string]string{"galaxy.test": f.name},
	}
}

func (f *fixture) spec() Spec {
	dir := f.t.TempDir()
	require.NoError(f.t, os.Chmod(dir, 0o777))
	return Spec{
		Name: f.name, Image: f.image, User: "65532:65532", Network: f.name, Labels: map[string]string{"galaxy.test": f.name},
		Env: []string{"ENGINE_STATE_DIR=/state"}, Source: dir, Target: "/state", Port: 8080,
		CPUs: 2, Memory: 64 << 20, Pids: 64, Logs: Logging{Driver: "json-file"},
	}
}

// run creates and starts a container and waits until it answers.
func (f *fixture) run(s Spec) {
	f.t.Helper()
	_, err := f.Create(f.t.Context(), s)
	require.NoError(f.t, err)
	require.NoError(f.t, f.Start(f.t.Context(), s.Name))
	require.Eventually(f.t, func() bool { _, err := f.call("GET", "/healthz"); return err == nil }, 10*time.Second, 20*time.Millisecond)
}

func (f *fixture) call(method, path string) ([]byte, error) {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return f.Dial(ctx, f.name, f.name, 8080, acceptAny)
	}}
	req, err := http.NewRequestWithContext(f.t.Context(), method, "http://"+f.name+":8080"+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

func (f *fixture) eventually(status Status) Container {
	f.t.Helper()
	var c Container
	require.Eventually(f.t, func() bool {
		var err error
		c, err = f.Inspect(f.t.Context(), f.name)
		return err == nil && c.Status == status
	}, 15*time.Second, 20*time.Millisecond)
	return c
}
