package docker

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMemoryIsCountedWithoutThePageCache(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		memory string
		want   int64
	}{
		"cgroup 1":                 {`{"usage":1000,"limit":5000,"stats":{"total_inactive_file":300}}`, 700},
		"cgroup 2":                 {`{"usage":1000,"limit":5000,"stats":{"inactive_file":400}}`, 600},
		"no cache is told":         {`{"usage":1000,"limit":5000}`, 1000},
		"a cache beyond the usage": {`{"usage":1000,"limit":5000,"stats":{"inactive_file":4000}}`, 0},
	} {
		client := fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"read":"2026-03-01T12:00:00Z","pids_stats":{"current":7},` +
				`"cpu_stats":{"cpu_usage":{"total_usage":2000000000}},"memory_stats":` + c.memory + `}`))
		})
		s, err := client.Stats(t.Context(), "a")
		require.NoError(t, err, name)
		require.Equal(t, Stats{
			At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), CPU: 2 * time.Second, Memory: c.want, MemoryLimit: 5000, Pids: 7,
		}, s, name)
	}
}

func TestContainerThatDoesNotRunHasNoStats(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{}`, `{"read":"0001-01-01T00:00:00Z"}`, `{"read":"2026-03-01T12:00:00Z","pids_stats":{}}`} {
		c := fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(answer)) })
		_, err := c.Stats(t.Context(), "a")
		require.ErrorIs(t, err, ErrNotFound, answer)
	}
}

func TestBrokenStatsAreAnError(t *testing.T) {
	t.Parallel()
	c := fakeDaemon(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"read":7`)) })
	_, err := c.Stats(t.Context(), "a")
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrNotFound)
}
