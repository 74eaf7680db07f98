package telemetry

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// collector is an OTLP receiver in this process, over both protocols.
type collector struct {
	collectortraces.UnimplementedTraceServiceServer
	mu      sync.Mutex
	spans   []string
	service string
	metrics map[string]bool
}

func (c *collector) Export(_ context.Context, r *collectortraces.ExportTraceServiceRequest) (*collectortraces.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rs := range r.ResourceSpans {
		for _, a := range rs.Resource.Attributes {
			if a.Key == "service.name" {
				c.service = a.Value.GetStringValue()
			}
		}
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				c.spans = append(c.spans, s.Name)
			}
		}
	}
	return &collectortraces.ExportTraceServiceResponse{}, nil
}

type metricsCollector struct {
	collectormetrics.UnimplementedMetricsServiceServer
	*collector
}

func (c metricsCollector) Export(_ context.Context, r *collectormetrics.ExportMetricsServiceRequest) (*collectormetrics.ExportMetricsServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, rm := range r.ResourceMetrics {
		for _, sm := range rm.ScopeMetrics {
			for _, m := range sm.Metrics {
				c.metrics[m.Name] = true
			}
		}
	}
	return &collectormetrics.ExportMetricsServiceResponse{}, nil
}

func overGRPC(t *testing.T) (*collector, string) {
	t.Helper()
	c := &collector{metrics: map[string]bool{}}
	server := grpc.NewServer()
	collectortraces.RegisterTraceServiceServer(server, c)
	collectormetrics.RegisterMetricsServiceServer(server, metricsCollector{collector: c})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() { _ = server.Serve(ln) })
	t.Cleanup(func() { server.Stop(); wg.Wait() })
	return c, "http://" + ln.Addr().String()
}

func overHTTP(t *testing.T) (*collector, string) {
	t.Helper()
	c := &collector{metrics: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(_ http.ResponseWriter, r *http.Request) {
		var m collectortraces.ExportTraceServiceRequest
		if body, err := io.ReadAll(r.Body); err == nil && proto.Unmarshal(body, &m) == nil {
			_, _ = c.Export(r.Context(), &m)
		}
	})
	mux.HandleFunc("POST /v1/metrics", func(_ http.ResponseWriter, r *http.Request) {
		var m collectormetrics.ExportMetricsServiceRequest
		if body, err := io.ReadAll(r.Body); err == nil && proto.Unmarshal(body, &m) == nil {
			_, _ = metricsCollector{collector: c}.Export(r.Context(), &m)
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return c, server.URL
}

// report makes one span and one count and stops, which flushes.
func report(t *testing.T, p *Providers) {
	t.Helper()
	require.NoError(t, p.registerMetrics())
	_, span := p.Traces.Tracer("test").Start(t.Context(), "work")
	span.End()
	counter, err := p.Meters.Meter("test").Int64Counter("http_requests_total")
	require.NoError(t, err)
	counter.Add(t.Context(), 1)
	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, p.Stop(t.Context()), "a second stop does nothing")
}
