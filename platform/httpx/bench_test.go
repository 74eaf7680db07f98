package httpx_test

import (
	"bytes"
	"context"
	"net"
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
	f, _ := newStoppedFixture(b, instrumented)
	for name, h := range map[string]http.Handler{"bare": bare(), "httpx": f.Handler()} {
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

// BenchmarkUserRead is a user read over a kept connection, through everything,
// beside a bare router with a JSON handler. The client is as small as it can be:
// it writes the same bytes again and again and looks for the end of the answer.
func BenchmarkUserRead(b *testing.B) {
	f, _ := newStoppedFixture(b, instrumented)
	request := []byte("GET /api/v1/user/account HTTP/1.1\r\nHost: x\r\nUser-Agent: gateway/1.0\r\nX-User-ID: " + goodID + "\r\n\r\n")
	for name, h := range map[string]http.Handler{"bare": bare(), "httpx": f.Handler()} {
		b.Run(name, func(b *testing.B) {
			server := httptest.NewServer(h)
			defer server.Close()
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			require.NoError(b, err)
			defer conn.Close()
			answer := make([]byte, 4096)
			begun := cpuTime(b)
			for b.Loop() {
				_, err := conn.Write(request)
				require.NoError(b, err)
				n := 0
				for !bytes.Contains(answer[:n], []byte("}")) {
					read, err := conn.Read(answer[n:])
					require.NoError(b, err)
					n += read
				}
			}
			b.ReportMetric(float64(cpuTime(b)-begun)/float64(b.N), "cpu-ns/op")
		})
	}
}
