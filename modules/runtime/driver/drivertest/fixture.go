package drivertest

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

// Fixture is one driver under test, with state directories of its own.
type Fixture struct {
	Driver driver.Driver
	Other  driver.Driver // of another installation, on the same machine
	Dirs   *driver.StateDirs
	Image  string
}

// other is the same machine as the other installation sees it.
func (f Fixture) other() Fixture {
	f.Driver, f.Other = f.Other, f.Driver
	return f
}

// Engine is one game's engine under test.
type Engine struct {
	t    *testing.T
	f    Fixture
	Spec driver.Spec
}

// NewEngine prepares a game of its own: a state directory and a Spec.
func (f Fixture) NewEngine(t *testing.T) *Engine {
	t.Helper()
	game := uuid.Must(uuid.NewV7())
	dir, err := f.Dirs.Ensure(game)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Driver.Remove(context.Background(), game)) })
	return &Engine{t: t, f: f, Spec: driver.Spec{
		GameID: game, Version: "0.1.0", Image: f.Image, Generation: 1, StateDir: dir, StateMount: "/var/lib/galaxy-game",
		User: f.Dirs.Owner(), CPU: 1, Memory: 64 << 20, Pids: 64, LogDriver: "json-file",
	}}
}

// Run starts the engine and waits until it answers.
func (e *Engine) Run() driver.Observed {
	e.t.Helper()
	o, err := e.f.Driver.Ensure(e.t.Context(), e.Spec)
	require.NoError(e.t, err)
	e.WaitHealthy()
	return o
}

// WaitHealthy waits until the engine answers.
func (e *Engine) WaitHealthy() {
	e.t.Helper()
	e.eventually(func() bool { _, err := e.Call("GET", "/healthz", ""); return err == nil })
}

// Call speaks to the engine by its name.
func (e *Engine) Call(method, path, body string) (string, error) {
	transport := &http.Transport{DialContext: e.f.Driver.DialContext, DisableKeepAlives: true}
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	url := "http://" + e.Spec.Name() + ":8080" + path
	req, err := http.NewRequestWithContext(e.t.Context(), method, url, strings.NewReader(body))
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

// WaitFor waits until the engine is in the phase.
func (e *Engine) WaitFor(phase driver.Phase) driver.Observed {
	e.t.Helper()
	var o driver.Observed
	e.eventually(func() bool {
		var err error
		o, err = e.f.Driver.Inspect(e.t.Context(), e.Spec.GameID)
		return err == nil && o.Phase == phase
	})
	return o
}

func (e *Engine) eventually(ok func() bool) {
	e.t.Helper()
	require.Eventually(e.t, ok, 20*time.Second, 20*time.Millisecond)
}
