//go:build integration

package integration

import (
	"cmp"
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/modules/postgres"
	"github.com/testcontainers/testcontainers-go/network"

	"galaxy/backend/platform/mmdb"
	"galaxy/backend/platform/smtpsink"
)

const (
	adminUser     = "root"
	adminPassword = "correct horse battery"
	waitLimit     = 2 * time.Minute
)

// fixture is everything that a backend depends on.
type fixture struct {
	*testing.T
	dsn       string
	inbox     *smtpsink.Server
	inboxURL  string // base URL of the inbox's API
	network   string
	stateRoot string // the state root
	countryDB string
}

// newFixture starts what a backend needs. Docker is required.
func newFixture(t *testing.T) *fixture {
	t.Helper()
	go func() { _, _ = binary() }() // built while containers start; start waits for it, and reports an error
	f := &fixture{T: t, countryDB: filepath.Join(t.TempDir(), "country.mmdb")}
	pg, err := postgres.Run(t.Context(), cmp.Or(os.Getenv("GALAXY_TEST_POSTGRES_IMAGE"), "postgres:17-alpine"),
		postgres.WithDatabase("galaxy"), postgres.WithUsername("galaxy"), postgres.WithPassword("galaxy"), postgres.BasicWaitStrategies(),
		testcontainers.WithTmpfs(map[string]string{"/var/lib/postgresql/data": "uid=999,gid=999,mode=0700"}), // only the backend is killed, never Postgres
		testcontainers.WithCmd("postgres", "-c", "fsync=off"))
	testcontainers.CleanupContainer(t, pg)
	require.NoError(t, err)
	f.dsn, err = pg.ConnectionString(t.Context(), "sslmode=disable", "search_path=backend")
	require.NoError(t, err)

	f.inbox, err = smtpsink.Listen(smtpsink.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.inbox.Close(context.Background()) })
	page := httptest.NewServer(f.inbox.Handler())
	t.Cleanup(page.Close)
	f.inboxURL = page.URL

	bridge, err := network.New(t.Context())
	testcontainers.CleanupNetwork(t, bridge)
	require.NoError(t, err)
	f.network = bridge.Name
	require.NoError(t, mmdb.WriteFile(f.countryDB))
	f.stateRoot = newStateRoot(t)
	t.Cleanup(f.removeEngines)
	return f
}

// newStateRoot is a directory that engines, which run as user 65532, can enter.
func newStateRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "galaxy-games-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// removeEngines removes the containers that the backend left in this fixture's network.
func (f *fixture) removeEngines() {
	out, err := exec.Command("docker", "ps", "-aq", "--filter", "network="+f.network).Output()
	if err != nil {
		f.Errorf("list engines: %v", err)
		return
	}
	for id := range strings.FieldsSeq(string(out)) {
		if err := exec.Command("docker", "rm", "-f", id).Run(); err != nil {
			f.Errorf("remove engine %s: %v", id, err)
		}
	}
}
