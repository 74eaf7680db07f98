package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"flag"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"galaxy/backend/platform/testkit"
)

const (
	childVariable = "GALAXY_TEST_BACKEND_CHILD"
	rootUser      = "root"
	viewerUser    = "looker"
	rootPassword  = "correct horse battery"
	// patience bounds what a test waits for; far more than anything needs.
	patience = time.Minute
)

// TestMain is the backend itself when a test starts this binary as a child.
func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(command(os.Args[1:], os.Stdout))
	}
	flag.Parse()
	testkit.Main(m)
}

// world is everything around a backend.
type world struct {
	*testing.T
	dsn   string
	inbox *testkit.Inbox
	vars  map[string]string
}

func newWorld(t *testing.T, dsn string, changes ...string) *world {
	t.Helper()
	w := &world{T: t, dsn: dsn, inbox: testkit.SMTP(t), vars: map[string]string{}}
	for _, v := range slices.Concat([]string{
		"BACKEND_POSTGRES_DSN=" + dsn, "BACKEND_SMTP_HOST=127.0.0.1", "BACKEND_SMTP_PORT=" + strconv.Itoa(w.inbox.Port()),
		"BACKEND_SMTP_FROM=galaxy@example.com", "BACKEND_SMTP_TLS_MODE=none", "BACKEND_DOCKER_NETWORK=galaxy",
		"BACKEND_RUNTIME_DRIVER=process", "BACKEND_RUNTIME_ENGINE_BINARY=/bin/false", "BACKEND_GAME_STATE_ROOT=" + t.TempDir(),
		"BACKEND_GEOIP_DB_PATH=" + testkit.MMDB(t), "BACKEND_OTEL_TRACES_EXPORTER=none", "BACKEND_OTEL_METRICS_EXPORTER=none",
	}, changes) {
		name, value, _ := strings.Cut(v, "=")
		w.vars[name] = value
	}
	return w
}

// in is the same world for a subtest.
func (w *world) in(t *testing.T) *world { u := *w; u.T = t; return &u }

// backend is a child process.
type backend struct {
	*world
	cmd   *exec.Cmd
	rest  string
	push  string
	log   *lines
	ended chan struct{} // closed when the process has ended
}

// start runs a backend in this world.
func (w *world) start(changes ...string) *backend { w.Helper(); return w.run("serve", changes...) }

// run runs a subcommand in this world.
func (w *world) run(subcommand string, changes ...string) *backend {
	w.Helper()
	self, err := os.Executable()
	require.NoError(w, err)
	b := &backend{world: w, rest: testkit.FreeAddr(w.T), push: testkit.FreeAddr(w.T), log: newLines(), ended: make(chan struct{})}
	b.cmd = exec.Command(self, subcommand)
	b.cmd.Env = []string{childVariable + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + w.TempDir(),
		"BACKEND_HTTP_LISTEN_ADDR=" + b.rest, "BACKEND_GRPC_PUSH_LISTEN_ADDR=" + b.push}
	for name, value := range w.vars {
		b.cmd.Env = append(b.cmd.Env, name+"="+value)
	}
	b.cmd.Env = append(b.cmd.Env, changes...)
	b.cmd.Stdout, b.cmd.Stderr = b.log, b.log
	require.NoError(w, b.cmd.Start())
	go func() {
		defer close(b.ended)
		_ = b.cmd.Wait() // the exit code says it
	}()
	w.Cleanup(func() {
		_ = b.cmd.Process.Signal(syscall.SIGCONT) // a stopped process does not end
		_ = b.cmd.Process.Kill()
		<-b.ended
		if w.Failed() {
			w.Logf("the backend's log:\n%s", b.log)
		}
	})
	return b
}

// ready waits until the listeners are open.
func (b *backend) ready() *backend { b.Helper(); return b.says("backend started") }

// says waits for a text in the log.
func (b *backend) says(text string) *backend {
	b.Helper()
	if !b.log.wait(text, b.ended) {
		b.Fatalf("the backend never said %q", text)
	}
	return b
}

// exits waits for the end and returns the exit code.
func (b *backend) exits() int {
	b.Helper()
	select {
	case <-b.ended:
		return b.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		b.Fatal("the backend did not end")
		return -1
	}
}

func (b *backend) signal(s syscall.Signal) {
	b.Helper()
	require.NoError(b, b.cmd.Process.Signal(s))
}

// terminate asks for an orderly end and returns the exit code.
func (b *backend) terminate() int { b.Helper(); b.signal(syscall.SIGTERM); return b.exits() }

func (b *backend) api() *testkit.API { return testkit.Client(b.T, "http://"+b.rest) }

// hire makes an administrator, a viewer and one to act on ahead of the start. Their hashes are
// cheap: those of production cost more than all the rest of a test.
func hire(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(rootPassword), bcrypt.MinCost)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `INSERT INTO admin_accounts (username, password_hash, role, created_at, updated_at)
VALUES ($1, $3, 'admin', now(), now()), ($2, $3, 'viewer', now(), now()), ('spare', $3, 'viewer', now(), now())`, rootUser, viewerUser, string(hash))
	require.NoError(t, err)
}

func (b *backend) viewer() *testkit.API { return b.api().Admin(viewerUser, rootPassword) }

func (b *backend) operator() *testkit.API { return b.api().Admin(rootUser, rootPassword) }

// probe returns the status of a route, 0 when nobody answers.
func (b *backend) probe(path string) int {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + b.rest + path)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// answers waits for a status.
func (b *backend) answers(path string, status int) {
	b.Helper()
	require.Eventually(b, func() bool { return b.probe(path) == status }, patience, 5*time.Millisecond, "%s never answered %d", path, status)
}

// asksForACode is the cheapest request that writes: a challenge and its mail.
func (b *backend) asksForACode(address string) testkit.Reply {
	b.Helper()
	return b.api().Post("/api/v1/public/auth/send-email-code", map[string]string{"email": address, "language": "en"})
}

var codePattern = regexp.MustCompile(`[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}`)

// signsIn makes an account and returns a client that acts for it.
func (b *backend) signsIn(address string) *testkit.API {
	b.Helper()
	type challenge struct {
		ID string `json:"challenge_id"`
	}
	c := testkit.Into[challenge](b.asksForACode(address).Want(http.StatusOK))
	key, _, err := ed25519.GenerateKey(nil)
	require.NoError(b, err)
	type session struct {
		UserID uuid.UUID `json:"user_id"`
	}
	s := testkit.Into[session](b.api().Post("/api/v1/public/auth/confirm-email-code", map[string]string{
		"challenge_id": c.ID, "code": codePattern.FindString(b.inbox.Next(address, "").Text),
		"client_public_key": base64.StdEncoding.EncodeToString(key), "time_zone": "Europe/Berlin", "language": "en",
	}).Want(http.StatusOK))
	return b.api().User(s.UserID)
}

// lines keeps what a child printed and wakes those who wait for a text.
type lines struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	grown chan struct{} // closed and replaced with each write
}

func newLines() *lines { return &lines{grown: make(chan struct{})} }

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.grown)
	l.grown = make(chan struct{})
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *lines) wait(text string, ended <-chan struct{}) bool {
	timeout := time.After(patience)
	for {
		l.mu.Lock()
		there, grown := strings.Contains(l.buf.String(), text), l.grown
		l.mu.Unlock()
		if there {
			return true
		}
		select {
		case <-grown:
		case <-ended:
			return strings.Contains(l.String(), text)
		case <-timeout:
			return false
		}
	}
}
