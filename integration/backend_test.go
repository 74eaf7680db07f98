//go:build integration

package integration

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/cmd/demo/play"
	"galaxy/backend/platform/testkit"
)

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "galaxy-backend-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "backend")
	// Under the race detector one password would cost seconds. Blowfish shares
	// no memory between goroutines.
	build := exec.Command("go", "build", "-race", "-gcflags=golang.org/x/crypto/blowfish=-race=false", "-o", path, "galaxy/backend/cmd/backend")
	out, err := build.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// backend is a backend in a child process.
type backend struct {
	*fixture
	cmd  *exec.Cmd
	rest string
	push string
	log  *logBuffer
	done chan error
}

// start runs the binary with an environment as in production.
func (f *fixture) start(changes ...string) *backend {
	f.Helper()
	path, err := binary()
	require.NoError(f, err)
	b := &backend{fixture: f, rest: testkit.FreeAddr(f.T), push: testkit.FreeAddr(f.T), log: &logBuffer{}, done: make(chan error, 1)}
	b.cmd = exec.Command(path)
	b.cmd.Env = append(os.Environ(),
		"BACKEND_HTTP_LISTEN_ADDR="+b.rest, "BACKEND_GRPC_PUSH_LISTEN_ADDR="+b.push, "BACKEND_HTTP_TRUSTED_PROXIES=127.0.0.0/8",
		"BACKEND_POSTGRES_DSN="+f.dsn, "BACKEND_SMTP_HOST=127.0.0.1", "BACKEND_SMTP_PORT="+strconv.Itoa(f.inbox.Addr().Port),
		"BACKEND_SMTP_FROM=galaxy@example.com", "BACKEND_SMTP_TLS_MODE=none", "BACKEND_DOCKER_NETWORK="+f.network,
		"BACKEND_GAME_STATE_ROOT="+f.stateRoot, "BACKEND_GEOIP_DB_PATH="+f.countryDB, "BACKEND_ADMIN_BOOTSTRAP_USER="+adminUser,
		"BACKEND_ADMIN_BOOTSTRAP_PASSWORD="+adminPassword, "BACKEND_NOTIFICATION_ADMIN_EMAIL=ops@example.com",
		"BACKEND_OTEL_TRACES_EXPORTER=none", "BACKEND_OTEL_METRICS_EXPORTER=none", "BACKEND_RUNTIME_CONTAINER_CPU_QUOTA=1.0",
		"BACKEND_LOBBY_MIN_TURN_INTERVAL=1s", "BACKEND_RUNTIME_RECONCILE_INTERVAL=2s")
	b.cmd.Env = append(b.cmd.Env, changes...)
	b.cmd.Stdout, b.cmd.Stderr = b.log, b.log
	require.NoError(f, b.cmd.Start())
	go func() { b.done <- b.cmd.Wait() }()
	f.Cleanup(func() {
		_ = b.cmd.Process.Kill()
		if f.Failed() {
			f.Logf("the backend's log:\n%s", b.log.lastLines(200))
		}
	})
	return b
}

// ready waits for /readyz.
func (b *backend) ready() *backend {
	b.Helper()
	b.awaitStatus("/readyz", http.StatusOK)
	return b
}

func (b *backend) awaitStatus(path string, status int) {
	b.Helper()
	require.Eventually(b, func() bool {
		select {
		case err := <-b.done:
			b.done <- err
			b.Fatalf("the backend ended: %v", err)
		default:
		}
		resp, err := http.Get("http://" + b.rest + path)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == status
	}, waitLimit, 10*time.Millisecond, "%s never answered %d", path, status)
}

// terminate sends SIGTERM and returns the exit code.
func (b *backend) terminate() int {
	b.Helper()
	require.NoError(b, b.cmd.Process.Signal(syscall.SIGTERM))
	return b.waitExit()
}

// waitExit waits for the process to end and returns its exit code.
func (b *backend) waitExit() int {
	b.Helper()
	select {
	case err := <-b.done:
		b.done <- err
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return exit.ExitCode()
		}
		require.NoError(b, err)
		return 0
	case <-time.After(waitLimit):
		b.Fatalf("the backend did not end")
		return -1
	}
}

func (b *backend) kill() {
	b.Helper()
	require.NoError(b, b.cmd.Process.Kill())
	<-b.done
	b.done <- nil
}

// api is a client that validates every exchange against the contract.
func (b *backend) api() *testkit.API { return testkit.Client(b.T, "http://"+b.rest) }

func (b *backend) operator() *testkit.API { return b.api().Admin(adminUser, adminPassword) }

// registerEngine registers the engine's image as the default version.
func (b *backend) registerEngine() {
	b.Helper()
	b.operator().Post("/api/v1/admin/engine-versions", map[string]any{
		"version": "0.1.0", "image_ref": engineImage()}).Want(http.StatusCreated)
	b.operator().Post("/api/v1/admin/engine-versions/0.1.0/default", nil).Want(http.StatusOK)
}

func (b *backend) endpoints() play.Endpoints {
	e := play.Endpoints{REST: "http://" + b.rest, Push: b.push, Inbox: b.inboxURL}
	e.Admin.Username, e.Admin.Password = adminUser, adminPassword
	e.Engine.Driver, e.Engine.Version = "docker", "0.1.0"
	return e
}

// validatingDoer sends requests to the backend through the validating client.
type validatingDoer struct{ b *backend }

func (c validatingDoer) Do(req *http.Request) (*http.Response, error) {
	if !strings.HasPrefix(req.URL.String(), "http://"+c.b.rest) {
		return http.DefaultClient.Do(req)
	}
	r := c.b.api().Do(req)
	return &http.Response{StatusCode: r.Status, Header: r.Header, Body: io.NopCloser(bytes.NewReader(r.Body))}, nil
}

// logBuffer collects the output of a child process.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logBuffer) lastLines(lines int) string {
	all := strings.Split(l.String(), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
