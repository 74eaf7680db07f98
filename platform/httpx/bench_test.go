package httpx_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// discard is a ResponseWriter that costs nothing.
type discard struct{ h http.Header }

func (d *discard) Header() http.Header         { return d.h }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func bare() http.Handler {
	e := echo.New()
	e.GET("/api/v1/user/account", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"name": "Aurora"})
	})
	return e
}

// instrumented is how production reports: sampled traces, always-on metrics.
func instrumented(s *setup) {
	s.tel.Traces = sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0))))
	s.tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
}

func accountRequest() *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/api/v1/user/account", nil)
	r.Header.Set("X-User-ID", goodID)
	r.Header.Set("User-Agent", "gateway/1.0")
	return r
}

// cpuTime is what the process has used so far. Other processes on the machine
// disturb it far less than the wall clock.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkUserReadInProcess(b *testing.B) {
	w, _ := build(b, instrumented)
	for name, h := range map[string]http.Handler{"bare": bare(), "edge": w.Handler()} {
		b.Run(name, func(b *testing.B) {
			r, d := accountRequest(), &discard{http.Header{}}
			b.ReportAllocs()
			begun := cpuTime(b)
			for b.Loop() {
				clear(d.h)
				h.ServeHTTP(d, r)
			}
			b.ReportMetric(float64(cpuTime(b)-begun)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkUserRead is goal G1: a user read over a kept connection, through
// everything, beside a bare router with a JSON handler.
func BenchmarkUserRead(b *testing.B) {
	w, _ := build(b, instrumented)
	for name, h := range map[string]http.Handler{"bare": bare(), "edge": w.Handler()} {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(h)
			defer server.Close()
			begun := cpuTime(b)
			b.RunParallel(func(pb *testing.PB) {
				client := &http.Client{Transport: &http.Transport{}}
				for pb.Next() {
					r := accountRequest()
					r.RequestURI, r.URL.Scheme, r.URL.Host = "", "http", server.Listener.Addr().String()
					resp, err := client.Do(r)
					require.NoError(b, err)
					require.Equal(b, http.StatusOK, resp.StatusCode)
					require.NoError(b, resp.Body.Close())
				}
			})
			b.ReportMetric(float64(cpuTime(b)-begun)/float64(b.N), "cpu-ns/op")
		})
	}
}
