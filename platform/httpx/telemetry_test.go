package httpx_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// counts reads the counters as "name group method path status" → value.
func counts(t *testing.T, reader sdkmetric.Reader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.WithoutCancel(t.Context()), &all))
	out := map[string]int64{}
	label := func(name string, set attribute.Set) string {
		for _, key := range []attribute.Key{"component", "kind", "group", "method", "path", "status"} {
			if v, ok := set.Value(key); ok {
				name += " " + v.String()
			}
		}
		return name
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					out[label(m.Name, p.Attributes)] = p.Value
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					out[label(m.Name, p.Attributes)] = p.Value
				}
			case metricdata.Histogram[float64]:
				require.Equal(t, "s", m.Unit)
				for _, p := range data.DataPoints {
					out[label(m.Name, p.Attributes)] = int64(p.Count)
				}
			}
		}
	}
	return out
}

func TestRequestsAreCountedByTheirTemplate(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	f := newFixture(t, func(s *setup) { s.tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)) })
	f.user(t, http.MethodGet, "/api/v1/user/account", "")
	f.user(t, http.MethodGet, "/api/v1/user/account", "")
	f.user(t, http.MethodGet, shipPath+"f", "")
	f.user(t, http.MethodDelete, shipPath+"0", "")
	f.user(t, http.MethodPost, "/api/v1/public/echo", `{"name":"x"}`)
	f.do(t, http.MethodGet, "/healthz", "")
	f.do(t, http.MethodGet, "/nowhere/else", "")
	f.do(t, "BREW", "/pot", "")
	want := map[string]int64{
		"user GET /api/v1/user/account 200": 2, "user GET /api/v1/user/ships/{ship_id} 404": 1, "user DELETE /api/v1/user/ships/{ship_id} 500": 1,
		"public POST /api/v1/public/echo 200": 1, "probe GET /healthz 200": 1, "unmatched GET unmatched 404": 1, "unmatched other unmatched 404": 1,
	}
	got := counts(t, reader)
	for labels, n := range want {
		require.Equal(t, n, got["http_requests_total "+labels], labels)
		require.Equal(t, n, got["http_request_duration_seconds "+labels], labels)
	}
	require.EqualValues(t, 1, got["panics_total http"])
	require.EqualValues(t, 1, got["http_anomalies_total stray_user_id public"])
	require.Zero(t, got["http_gateway_unguarded"], "loopback")
}

func TestASpanIsNamedByItsOperationAndJoinsTheCaller(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	f := newFixture(t, func(s *setup) {
		s.tel.Traces = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder),
			sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample())))
	})
	f.user(t, http.MethodGet, "/api/v1/user/account", "")
	require.Empty(t, recorder.Ended(), "not sampled by itself")
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	f.user(t, http.MethodDelete, shipPath+"1", "", "Traceparent", parent, "X-Request-ID", "req-1")
	spans := recorder.Ended()
	require.Len(t, spans, 1)
	require.Equal(t, "deleteShip", spans[0].Name())
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", spans[0].SpanContext().TraceID().String())
	require.Contains(t, spans[0].Attributes(), attribute.String("request_id", "req-1"))
	require.Contains(t, spans[0].Attributes(), attribute.String("http.route", "/api/v1/user/ships/{ship_id}"))
	require.Contains(t, spans[0].Attributes(), attribute.Int("http.response.status_code", 500))
	line := f.logs.FilterMessage("request failed").All()[0].ContextMap()
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", line["otel_trace_id"])
	require.Equal(t, spans[0].SpanContext().SpanID().String(), line["otel_span_id"])
}

// TestACachedReadAllocatesLittle guards goal G1 without a clock.
func TestACachedReadAllocatesLittle(t *testing.T) {
	f, _ := newStoppedFixture(t, instrumented)
	h, r, d := f.Handler(), accountRequest(), &discard{http.Header{}}
	cost := func(h http.Handler) float64 {
		return testing.AllocsPerRun(200, func() {
			clear(d.h)
			h.ServeHTTP(d, r)
		})
	}
	bareEcho, full := cost(bare()), cost(h)
	t.Logf("bare echo %.0f allocations, with everything %.0f", bareEcho, full)
	require.LessOrEqual(t, full-bareEcho, 12.0)
}
