package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/testkit"
)

// TestABackendThatCannotStartNamesTheVariableAndOpensNothing is about every
// kind of wrong environment, from what Load sees to what a component finds.
func TestABackendThatCannotStartNamesTheVariableAndOpensNothing(t *testing.T) {
	t.Parallel()
	truncated := filepath.Join(t.TempDir(), "country.mmdb")
	require.NoError(t, os.WriteFile(truncated, []byte("not a database"), 0o600))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	w := newWorld(t, testkit.Postgres(t).DSN)
	for name, c := range map[string]struct {
		says    string
		code    int
		changes []string
	}{
		"a missing variable":              {"BACKEND_SMTP_FROM is required", 2, []string{"BACKEND_SMTP_FROM="}},
		"a value of another type":         {"BACKEND_POSTGRES_MAX_CONNS is not a valid", 2, []string{"BACKEND_POSTGRES_MAX_CONNS=hunter2"}},
		"a value out of range":            {"BACKEND_SHUTDOWN_TIMEOUT must be positive", 2, []string{"BACKEND_SHUTDOWN_TIMEOUT=-1s"}},
		"a DSN without the schema":        {"BACKEND_POSTGRES_DSN must include search_path=backend", 2, []string{"BACKEND_POSTGRES_DSN=postgres://u:hunter2@127.0.0.1:1/x"}},
		"a DSN that is none":              {"BACKEND_POSTGRES_DSN", 2, []string{"BACKEND_POSTGRES_DSN=postgres://u:hunter2@127.0.0.1:x/x"}},
		"half an administrator":           {"BACKEND_ADMIN_BOOTSTRAP_PASSWORD", 2, []string{"BACKEND_ADMIN_BOOTSTRAP_USER=root"}},
		"a short password":                {"BACKEND_ADMIN_BOOTSTRAP_PASSWORD", 2, []string{"BACKEND_ADMIN_BOOTSTRAP_USER=root", "BACKEND_ADMIN_BOOTSTRAP_PASSWORD=hunter2"}},
		"no country database":             {"BACKEND_GEOIP_DB_PATH", 1, []string{"BACKEND_GEOIP_DB_PATH=/nowhere/country.mmdb"}},
		"a damaged country database":      {"BACKEND_GEOIP_DB_PATH", 1, []string{"BACKEND_GEOIP_DB_PATH=" + truncated}},
		"a certificate without a key":     {"BACKEND_TLS_KEY", 2, []string{"BACKEND_TLS_CERT=/nowhere/cert.pem"}},
		"a certificate that is not there": {"BACKEND_TLS_CERT", 1, []string{"BACKEND_TLS_CERT=/nowhere/cert.pem", "BACKEND_TLS_KEY=/nowhere/key.pem"}},
		"a state root that is a file":     {"BACKEND_GAME_STATE_ROOT", 1, []string{"BACKEND_GAME_STATE_ROOT=" + truncated}},
		"a gRPC port in use":              {"BACKEND_GRPC_PUSH_LISTEN_ADDR", 1, []string{"BACKEND_GRPC_PUSH_LISTEN_ADDR=" + taken.Addr().String()}},
		"an HTTP port in use":             {"BACKEND_HTTP_LISTEN_ADDR", 1, []string{"BACKEND_HTTP_LISTEN_ADDR=" + taken.Addr().String()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := w.in(t).start(c.changes...)
			require.Equal(t, c.code, b.exits())
			require.Contains(t, b.log.String(), c.says)
			require.NotContains(t, b.log.String(), "hunter2")
			require.NotContains(t, b.log.String(), "backend started")
			require.Zero(t, b.probe("/healthz"))
		})
	}
}
