package load_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/bench/internal/load"
)

// target is a server of this handler.
func target(t *testing.T, h http.HandlerFunc) load.Target {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return load.Target{Addr: server.Listener.Addr().String(), Sequence: new(atomic.Uint64),
		Next: func(buf []byte, i uint64) []byte { return fmt.Appendf(buf, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i) }}
}

func TestEveryRequestIsSentOnceOverKeptConnections(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen, peers := map[string]int{}, map[string]bool{}
	to := target(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.URL.Path]++
		peers[r.RemoteAddr] = true
		_, _ = io.WriteString(w, "{}")
	})
	to.MaxRequests = 500
	got, err := load.Run(t.Context(), to, load.Options{Connections: 8, For: time.Minute})
	require.NoError(t, err)
	require.Equal(t, 500, got.OK)
	require.Zero(t, got.Refused+got.Broken)
	require.Len(t, got.Latencies, 500)
	require.IsNonDecreasing(t, got.Latencies)
	require.Len(t, seen, 500)
	require.LessOrEqual(t, len(peers), 8)
}

func TestChunkedEmptyAndErrorResponsesAreReadCompletely(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_000)
	to := target(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/0": // chunked
			_, _ = io.WriteString(w, long)
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, long)
		case "/1":
			w.WriteHeader(http.StatusNoContent)
		case "/2":
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, "no seat"+long)
		}
	})
	to.MaxRequests = 10
	got, err := load.Run(t.Context(), to, load.Options{Connections: 1, For: time.Minute})
	require.NoError(t, err)
	require.Equal(t, 9, got.OK)
	require.Equal(t, 1, got.Refused)
	require.True(t, strings.HasPrefix(got.FirstError, "409 no seat"), got.FirstError)
}

func TestConnectionClosedAfterAResponseIsNotBroken(t *testing.T) {
	t.Parallel()
	to := target(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	got, err := load.Run(t.Context(), to, load.Options{Connections: 3, For: time.Minute})
	require.NoError(t, err)
	require.Equal(t, 3, got.OK)
	require.Zero(t, got.Broken)
}

func TestRequestWithoutAResponseIsBroken(t *testing.T) {
	t.Parallel()
	to := target(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	got, err := load.Run(t.Context(), to, load.Options{Connections: 2, For: time.Minute})
	require.NoError(t, err)
	require.Equal(t, 2, got.Broken)
	require.Zero(t, got.OK)
}

func TestLatencyCountsFromTheDueTime(t *testing.T) {
	t.Parallel()
	const stall = 200 * time.Millisecond
	to := target(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/0" {
			timer := time.NewTimer(stall)
			defer timer.Stop()
			<-timer.C
		}
	})
	got, err := load.Run(t.Context(), to, load.Options{Connections: 1, For: 400 * time.Millisecond, Rate: 100})
	require.NoError(t, err)
	require.LessOrEqual(t, got.OK, 41, "the rate is kept")
	require.Greater(t, got.P(0.75), 10*time.Millisecond, "requests behind the stalled one waited too")
}

func TestRunEndsWithItsTime(t *testing.T) {
	t.Parallel()
	to := target(t, func(http.ResponseWriter, *http.Request) {})
	got, err := load.Run(t.Context(), to, load.Options{Connections: 4, For: 50 * time.Millisecond})
	require.NoError(t, err)
	require.Positive(t, got.OK)
	require.Zero(t, got.Broken)
}

func TestOnlyTheLoopbackIsLoaded(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"192.0.2.1:80", "example.com:80", "0.0.0.0:80"} {
		_, err := load.Run(t.Context(), load.Target{Addr: addr}, load.Options{Connections: 1, For: time.Second})
		require.ErrorContains(t, err, "is not on the loopback", addr)
	}
	_, err := load.Run(t.Context(), load.Target{Addr: "127.0.0.1:1"}, load.Options{})
	require.Error(t, err, "a run is bounded")
	_, err = load.Run(t.Context(), load.Target{Addr: "127.0.0.1:1"}, load.Options{Connections: 1, For: time.Second})
	require.ErrorAs(t, err, new(*net.OpError))
}
