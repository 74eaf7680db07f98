package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// reachable is a directory that Postgres' user can enter, which the one of
// t.TempDir is not under root.
func reachable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "devstack-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return filepath.Join(dir, "state")
}

func testConfig(dir string) config {
	return config{Dir: dir, Driver: driverProcess, EngineVersion: "0.1.0", AdminUser: "admin"}
}

// fixture is a stack that is up.
type fixture struct {
	*stack
	end  context.CancelFunc
	done chan error
	out  *bytes.Buffer
}

func newFixture(t *testing.T, cfg config, mode string) *fixture {
	t.Helper()
	var out bytes.Buffer
	ctx, end := context.WithCancel(t.Context())
	f := &fixture{stack: newStack(cfg, fakeBuilder(t, mode), &out), end: end, done: make(chan error, 1), out: &out}
	err := f.up(ctx)
	if err != nil {
		require.NoError(t, f.down())
	}
	require.NoError(t, err)
	go func() { f.done <- f.serve(ctx, io.Discard) }()
	t.Cleanup(func() { end(); _ = f.down() })
	return f
}

func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

func TestStateSurvivesARestartAndStopsInOrder(t *testing.T) {
	t.Parallel()
	cfg := testConfig(reachable(t))
	first := newFixture(t, cfg, "on")
	password := first.cfg.AdminPassword
	require.Contains(t, get(t, first.endpoints().Inbox+"/api/messages/latest?to=ada@example.com&wait=10s"), `"subject":"up"`)
	first.end()
	require.NoError(t, <-first.done)
	require.NoError(t, first.down())
	var stopped []string
	for line := range strings.Lines(first.out.String()) {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), "stopped"); ok {
			stopped = append(stopped, strings.TrimSpace(name))
		}
	}
	require.Equal(t, []string{"backend", "inbox", "postgres", "directory"}, stopped)
	log, err := os.ReadFile(filepath.Join(cfg.Dir, "backend.log"))
	require.NoError(t, err)
	require.Contains(t, string(log), "stopped in order", "the backend ended in its own time")

	second := newFixture(t, cfg, "on")
	require.Equal(t, password, second.cfg.AdminPassword)
	db, err := pgx.Connect(t.Context(), second.dsn())
	require.NoError(t, err)
	defer db.Close(context.Background())
	var versions []string
	require.NoError(t, db.QueryRow(t.Context(), "SELECT array_agg(version || ' ' || image) FROM versions").Scan(&versions))
	require.Equal(t, []string{"0.1.0 galaxy-devstack/engine:0.1.0"}, versions, "registering is repeatable")
	require.Len(t, second.inbox.mail.To("ada@example.com"), 2, "the first mail is still there")
}

func TestSecondStackOnOneDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	cfg := testConfig(reachable(t))
	newFixture(t, cfg, "on")
	other := newStack(cfg, fakeBuilder(t, "on"), io.Discard)
	require.ErrorContains(t, other.up(t.Context()), "a stack is running on "+cfg.Dir+" already")
	require.NoError(t, other.down())
	_, err := os.Stat(filepath.Join(cfg.Dir, endpointsFile))
	require.NoError(t, err, "the first one's endpoints stay published")
}

func TestBrokenBackendIsQuoted(t *testing.T) {
	t.Parallel()
	s := newStack(testConfig(reachable(t)), fakeBuilder(t, "broken"), io.Discard)
	err := s.up(t.Context())
	require.ErrorContains(t, err, "backend: it ended at once")
	require.ErrorContains(t, err, "BACKEND_SOMETHING is wrong")
	require.NoError(t, s.down())
}

func TestEndOfTheBackendEndsTheStack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testConfig(reachable(t)), "on")
	f.backend.Terminate()
	require.ErrorContains(t, <-f.done, "the backend ended")
}

func TestChangedPasswordIsSaid(t *testing.T) {
	t.Parallel()
	f := newFixture(t, testConfig(reachable(t)), "on")
	late := &stack{cfg: f.cfg, engines: f.engines}
	late.cfg.AdminPassword = "changed since"
	require.ErrorContains(t, late.registerEngine(t.Context()), "give it with -admin-password")
}

// lockedBuffer is a buffer that two goroutines may use.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *lockedBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *lockedBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func TestEphemeralStackPrintsItsEndpointsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	stdin, hold, err := os.Pipe()
	require.NoError(t, err)
	stdout, print := io.Pipe()
	var stderr lockedBuffer
	code := make(chan int, 1)
	go func() {
		none := func(string) string { return "" }
		code <- run([]string{"-ephemeral", "-json", "-driver=process"}, none, fakeBuilder(t, "on"), stdin, print, &stderr)
		_ = print.Close()
	}()
	var e endpoints
	require.NoError(t, json.NewDecoder(stdout).Decode(&e), "%s", &stderr)
	go func() { _, _ = io.Copy(io.Discard, stdout) }() // the rest of the line
	require.Equal(t, driverProcess, e.Engine.Driver)
	require.Equal(t, "as -driver asks", e.Engine.Why)
	require.NotEmpty(t, e.Admin.Password)
	require.Contains(t, get(t, e.Inbox), "Inbox")

	require.NoError(t, hold.Close())
	require.Zero(t, <-code, "%s", &stderr)
	_, err = os.Stat(e.Dir)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = pgx.Connect(t.Context(), e.Postgres)
	require.Error(t, err)
}

func TestFailureIsOneLineAndExitCodeOne(t *testing.T) {
	t.Parallel()
	cfg := testConfig(reachable(t))
	newFixture(t, cfg, "on")
	var stdout, stderr bytes.Buffer
	code := run([]string{"-dir", cfg.Dir}, noVariables, fakeBuilder(t, "on"), os.Stdin, &stdout, &stderr)
	require.Equal(t, 1, code)
	require.Equal(t, "devstack: a stack is running on "+cfg.Dir+" already; -dir takes another directory\n", stderr.String())

	stderr.Reset()
	require.Equal(t, 1, run([]string{"-driver=podman"}, noVariables, fakeBuilder(t, "on"), os.Stdin, &stdout, &stderr))
	require.Zero(t, run([]string{"-help"}, noVariables, fakeBuilder(t, "on"), os.Stdin, &stdout, &stderr))
}
