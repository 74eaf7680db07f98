package telemetry

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func TestAListenerStopsOnceAndOnlyWhenItHasStarted(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.InfoLevel)
	l := newListener("test listener", "BACKEND_TEST_ADDR", "127.0.0.1:0", http.NotFoundHandler(), zap.New(core))
	require.NoError(t, l.stop(t.Context()))

	l = newListener("test listener", "BACKEND_TEST_ADDR", "127.0.0.1:0", http.NotFoundHandler(), zap.New(core))
	require.NoError(t, l.start(t.Context()))
	require.Equal(t, "test listener", logs.FilterMessage("listener opened").All()[0].ContextMap()["component"])
	require.NoError(t, l.stop(t.Context()))
	require.NoError(t, l.stop(t.Context()))
	_, err := http.Get("http://" + l.addr.String()) //nolint:noctx // there is nobody to answer
	require.Error(t, err)
	require.Zero(t, logs.FilterLevelExact(zap.ErrorLevel).Len(), "a stop is no failure")
}

func TestAListenerPastItsBudgetCutsItsConnections(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	l := newListener("test listener", "BACKEND_TEST_ADDR", "127.0.0.1:0", http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	}), zap.NewNop())
	require.NoError(t, l.start(t.Context()))
	cut := make(chan error, 1)
	go func() {
		resp, err := http.Get("http://" + l.addr.String()) //nolint:noctx // the listener ends it
		if err == nil {
			_ = resp.Body.Close()
		}
		cut <- err
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, l.stop(ctx))
	require.Error(t, <-cut)
}

func TestAnAddressInUseIsNamedByItsVariable(t *testing.T) {
	t.Parallel()
	first := NewProfiler(PprofConfig{ListenAddr: "127.0.0.1:0"}, zap.NewNop())
	require.NoError(t, first.Start(t.Context()))
	second := NewProfiler(PprofConfig{ListenAddr: first.listener.addr.String()}, zap.NewNop())
	require.ErrorContains(t, second.Start(t.Context()), "listen on BACKEND_PPROF_LISTEN_ADDR")
	require.NoError(t, second.Stop(t.Context()))
	require.NoError(t, first.Stop(t.Context()))
}

func TestPrometheusAnswersOnItsPathAlone(t *testing.T) {
	t.Parallel()
	p, err := NewProviders(Config{TracesExporter: None, MetricsExporter: Prometheus, PrometheusListenAddr: "127.0.0.1:0"}, "galaxy", zap.NewNop())
	require.NoError(t, err)
	require.NoError(t, p.prometheus.start(t.Context()))
	for target, want := range map[string]int{"GET /metrics": 200, "GET /": 404, "GET /metrics/x": 404, "POST /metrics": 405, "GET /debug/pprof/": 404} {
		method, path, _ := strings.Cut(target, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, "http://"+p.prometheus.addr.String()+path, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, resp.Body)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, target)
	}
	require.NoError(t, p.Stop(t.Context()))
}
