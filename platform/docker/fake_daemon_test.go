package docker

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
)

// fakeDaemon serves handler on a Unix socket and returns a client of it.
func fakeDaemon(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "d.sock")
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", socket)
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/_ping" || strings.HasSuffix(r.URL.Path, "/version") {
			_, _ = w.Write([]byte("{}")) // what a client asks before it asks anything else
			return
		}
		handler(w, r)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return clientOf(t, "unix://"+socket)
}

func clientOf(t *testing.T, host string) *Client {
	t.Helper()
	c, err := New(Config{Host: host, Network: "games"}, clock.System{}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func absentDaemon(t *testing.T) *Client {
	t.Helper()
	return clientOf(t, "unix://"+filepath.Join(t.TempDir(), "absent.sock"))
}

func notTheirs(labels map[string]string) bool { return labels["owner"] != "them" }

func acceptAny(Container) bool { return true }
