package drivertest

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

// Bench is one driver under test, with state directories of its own.
type Bench struct {
	Driver driver.Driver
	Other  driver.Driver // of another installation, on the same machine
	Dirs   *driver.StateDirs
	Image  string
}

// Instance is a driver.Instance that needs no database.
type Instance uuid.UUID

// NewInstance is an installation of its own.
func NewInstance() Instance { return Instance(uuid.New()) }

// ID implements driver.Instance.
func (i Instance) ID(context.Context) (uuid.UUID, error) { return uuid.UUID(i), nil }

// other is the same machine as the other installation sees it.
func (b Bench) other() Bench {
	b.Driver, b.Other = b.Other, b.Driver
	return b
}

var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "galaxy-test-engine")
	if err != nil {
		return "", err
	}
	bin := filepath.Join(dir, "engine")
	cmd := exec.Command("go", "build", "-o", bin, "galaxy/backend/platform/docker/testdata/app")
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

// Engine is one game's engine on a bench.
type Engine struct {
	t    *testing.T
	b    Bench
	Spec driver.Spec
}

// NewEngine prepares a game of its own: a state directory and a Spec.
func (b Bench) NewEngine(t *testing.T) *Engine {
	t.Helper()
	game := uuid.Must(uuid.NewV7())
	dir, err := b.Dirs.Ensure(game)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Driver.Remove(context.Background(), game)) })
	return &Engine{t: t, b: b, Spec: driver.Spec{
		GameID: game, Version: "0.1.0", Image: b.Image, Generation: 1, StateDir: dir, StateMount: "/var/lib/galaxy-game",
		User: b.Dirs.Owner(), CPU: 1, Memory: 64 << 20, Pids: 64, LogDriver: "json-file",
	}}
}

// Run starts the engine and waits until it answers.
func (e *Engine) Run() driver.Observed {
	e.t.Helper()
	o, err := e.b.Driver.Ensure(e.t.Context(), e.Spec)
	require.NoError(e.t, err)
	e.eventually(func() bool { _, err := e.Call("GET", "/healthz", ""); return err == nil })
	return o
}

// Call speaks to the engine by its name.
func (e *Engine) Call(method, path, body string) (string, error) {
	client := &http.Client{Transport: &http.Transport{DialContext: e.b.Driver.DialContext, DisableKeepAlives: true}, Timeout: 10 * time.Second}
	req, err := http.NewRequestWithContext(e.t.Context(), method, "http://"+e.Spec.Name()+":8080"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	return string(out), err
}

// Becomes waits until the engine is in the phase.
func (e *Engine) Becomes(phase driver.Phase) driver.Observed {
	e.t.Helper()
	var o driver.Observed
	e.eventually(func() bool {
		var err error
		o, err = e.b.Driver.Inspect(e.t.Context(), e.Spec.GameID)
		return err == nil && o.Phase == phase
	})
	return o
}

func (e *Engine) eventually(ok func() bool) {
	e.t.Helper()
	require.Eventually(e.t, ok, 20*time.Second, 20*time.Millisecond)
}
