//go:build integration

package integration

import (
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

// TestContainersOfAnotherInstanceAreIgnored has containers of another backend on
// the same daemon: a running one and a stopped one.
func TestContainersOfAnotherInstanceAreIgnored(t *testing.T) {
	f := newFixture(t)
	running, stopped := f.engineOfAnotherInstance(), f.engineOfAnotherInstance()
	f.docker("stop", "--time", "5", stopped)
	metrics := testkit.FreeAddr(t)
	b := f.start("BACKEND_OTEL_METRICS_EXPORTER=prometheus", "BACKEND_OTEL_PROMETHEUS_LISTEN_ADDR="+metrics).ready()
	b.awaitTwoReconciles(metrics)

	f.docker("stop", "--time", "5", running) // an event while the backend watches
	f.docker("start", running)
	b.awaitTwoReconciles(metrics)

	for _, mail := range f.inbox.All() {
		t.Errorf("a mail was sent: %s", mail.Subject)
	}
	conn := testkit.Conn(t, f.dsn)
	for _, table := range []string{"notifications", "mail_deliveries", "runtime_records"} {
		var rows int
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows))
		require.Zero(t, rows, table)
	}
	runtimes := got[page[object]](b.operator().Get(adminAPI + "/runtimes"))
	require.Empty(t, runtimes.Items)
	require.Empty(t, runtimes.Counts)
	require.NotContains(t, b.log.String(), running)
	require.NotContains(t, b.log.String(), stopped)
	require.Zero(t, b.terminate())
	require.Equal(t, "running", f.docker("inspect", "-f", "{{.State.Status}}", running))
	require.Equal(t, "exited", f.docker("inspect", "-f", "{{.State.Status}}", stopped))
}

// engineOfAnotherInstance runs a container as another backend does.
func (f *fixture) engineOfAnotherInstance() (name string) {
	f.Helper()
	game := uuid.NewString()
	name = "galaxy-game-" + game
	f.docker("run", "-d", "--name", name, "--network", f.network, "--tmpfs", "/var/lib/galaxy-game:uid=65532,gid=65532",
		"--label", "galaxy.backend=1", "--label", "galaxy.game_id="+game, "--label", "galaxy.instance="+uuid.NewString(), engineImage())
	return name
}

// docker runs the docker program and returns its output.
func (f *fixture) docker(args ...string) string {
	f.Helper()
	out, err := exec.Command("docker", args...).CombinedOutput()
	require.NoError(f, err, "docker %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// awaitTwoReconciles waits for two more passes of the reconciler: when the second
// has begun, the effects of the first are complete.
func (b *backend) awaitTwoReconciles(metrics string) {
	b.Helper()
	want := b.reconcileCount(metrics) + 2
	require.Eventually(b, func() bool { return b.reconcileCount(metrics) >= want }, waitLimit, 50*time.Millisecond)
}

var listOperations = regexp.MustCompile(`(?m)^runtime_container_ops_total\{.*op="list".*outcome="ok".*\} (\d+)`)

// reconcileCount reads the number of passes; 0 while there are no metrics yet.
func (b *backend) reconcileCount(metrics string) int {
	resp, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0
	}
	found := listOperations.FindSubmatch(page)
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(found[1])) // digits
	return n
}
