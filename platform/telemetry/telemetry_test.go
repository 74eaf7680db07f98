package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/kelseyhightower/envconfig"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/telemetry/build"
)

func TestOTLPReachesACollectorOverBothProtocols(t *testing.T) {
	t.Parallel()
	for protocol, start := range map[string]func(*testing.T) (*collector, string){GRPC: overGRPC, HTTPProtobuf: overHTTP} {
		c, endpoint := start(t)
		p, err := NewProviders(Config{TracesExporter: OTLP, MetricsExporter: OTLP, Protocol: protocol, Endpoint: endpoint, TracesRatio: 1}, "galaxy", zap.NewNop())
		require.NoError(t, err)
		report(t, p)
		require.Equal(t, []string{"work"}, c.spans, protocol)
		require.Equal(t, "galaxy", c.service)
		require.True(t, c.metrics["http_requests_total"], protocol)
		require.True(t, c.metrics["build_info"])
		require.True(t, c.metrics["go.goroutine.count"], "%v", c.metrics)
	}
}

func TestStdoutAndNone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p, err := newProviders(Config{TracesExporter: Stdout, MetricsExporter: Stdout, TracesRatio: 1}, "galaxy", zap.NewNop(), &out)
	require.NoError(t, err)
	report(t, p)
	require.Contains(t, out.String(), `"Name":"work"`)
	require.Contains(t, out.String(), `"Name":"http_requests_total"`)

	out.Reset()
	p, err = newProviders(Config{TracesExporter: None, MetricsExporter: None}, "galaxy", zap.NewNop(), &out)
	require.NoError(t, err)
	report(t, p)
	require.Empty(t, out.String())
}

func TestTheRatioKeepsTracesThatStartHereOut(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p, err := newProviders(Config{TracesExporter: Stdout, MetricsExporter: None, TracesRatio: 0}, "galaxy", zap.NewNop(), &out)
	require.NoError(t, err)
	report(t, p)
	require.Empty(t, out.String())
}

// The only test that makes the providers the process's own: it is not parallel.
func TestPrometheusShowsTheDocumentedNames(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	p, err := NewProviders(Config{TracesExporter: None, MetricsExporter: Prometheus, PrometheusListenAddr: "127.0.0.1:0"}, "galaxy", zap.New(core))
	require.NoError(t, err)
	require.NoError(t, p.Start(t.Context()))
	m := p.Meters.Meter("test")
	requests, _ := m.Int64Counter("http_requests_total")
	requests.Add(t.Context(), 1)
	duration, _ := m.Float64Histogram("http_request_duration_seconds", metric.WithUnit("s"))
	duration.Record(t.Context(), 0.1)
	subscribers, _ := m.Int64Gauge("grpc_push_subscribers")
	subscribers.Record(t.Context(), 3)

	resp, err := http.Get("http://" + p.prometheus.addr.String() + "/metrics") //nolint:noctx // of this test
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	for _, line := range []string{"\nhttp_requests_total 1\n", "\nhttp_request_duration_seconds_count 1\n", "\ngrpc_push_subscribers 3\n", "build_info{", "go_goroutine_count"} {
		require.Contains(t, string(body), line)
	}
	require.NotContains(t, string(body), "otel_scope")

	for range 100 {
		otel.Handle(errors.New("the collector is away"))
	}
	require.Len(t, logs.FilterMessage("telemetry failed").All(), 1, "a warning a minute")

	second, err := NewProviders(Config{TracesExporter: None, MetricsExporter: Prometheus, PrometheusListenAddr: p.prometheus.addr.String()}, "galaxy", zap.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, second.Start(t.Context()), "listen on BACKEND_OTEL_PROMETHEUS_LISTEN_ADDR")
	require.NoError(t, second.Stop(t.Context()))
	require.NoError(t, p.Stop(t.Context()))
}

func TestADeadCollectorDelaysTheStopByTwoSecondsAndDoesNotFailIt(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0") // accepts into the kernel's queue and never answers
	require.NoError(t, err)
	defer ln.Close()
	for _, protocol := range []string{GRPC, HTTPProtobuf} {
		p, err := NewProviders(Config{TracesExporter: OTLP, MetricsExporter: OTLP, Protocol: protocol, Endpoint: "http://" + ln.Addr().String(), TracesRatio: 1}, "galaxy", zap.NewNop())
		require.NoError(t, err)
		_, span := p.Traces.Tracer("test").Start(t.Context(), "work")
		span.End()
		begin := time.Now()
		require.NoError(t, p.Stop(t.Context()), "what is lost is telemetry")
		require.Less(t, time.Since(begin), shutdownTimeout+time.Second)
	}
}

func TestALineHasTheDocumentedFields(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := logger(zap.InfoLevel, "galaxy", zapcore.AddSync(&out))
	p, err := newProviders(Config{TracesExporter: Stdout, MetricsExporter: None, TracesRatio: 1}, "galaxy", zap.NewNop(), io.Discard)
	require.NoError(t, err)
	ctx, span := p.Traces.Tracer("test").Start(t.Context(), "work")
	log.Debug("never shown")
	log.Info("mail sent\n{\"level\":\"fake\"}", Trace(ctx), zap.Duration("took", time.Second))
	log.Info("mail sent", Trace(t.Context()))
	span.End()
	require.NoError(t, p.Stop(t.Context()))

	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	require.Len(t, lines, 2)
	var line map[string]any
	require.NoError(t, json.Unmarshal(lines[0], &line))
	at, err := time.Parse(time.RFC3339, line["ts"].(string))
	require.NoError(t, err)
	require.Equal(t, time.UTC, at.Location())
	require.Equal(t, "info", line["level"])
	require.Equal(t, "galaxy", line["service"])
	require.Equal(t, "1s", line["took"])
	require.Contains(t, line["caller"], "telemetry/telemetry_test.go:")
	require.Equal(t, span.SpanContext().TraceID().String(), line["otel_trace_id"])
	require.Equal(t, span.SpanContext().SpanID().String(), line["otel_span_id"])
	require.NotContains(t, string(lines[1]), "otel")
}

func TestVariablesHaveTheirDocumentedNamesAndDefaults(t *testing.T) {
	var c struct {
		OTEL    Config
		Logging LoggingConfig
		PPROF   PprofConfig
	}
	t.Setenv("TELTEST_OTEL_TRACES_RATIO", "0.5")
	t.Setenv("TELTEST_OTEL_PROMETHEUS_LISTEN_ADDR", ":1")
	t.Setenv("TELTEST_PPROF_LISTEN_ADDR", "localhost:6060")
	require.NoError(t, envconfig.Process("TELTEST", &c))
	require.Equal(t, Config{TracesExporter: OTLP, MetricsExporter: OTLP, Protocol: GRPC, PrometheusListenAddr: ":1", TracesRatio: 0.5}, c.OTEL)
	require.Equal(t, "info", c.Logging.Level)
	require.Equal(t, "localhost:6060", c.PPROF.ListenAddr)
	require.NoError(t, errors.Join(c.OTEL.Validate(), c.Logging.Validate(), c.PPROF.Validate()))
}

func TestEveryWrongVariableIsNamed(t *testing.T) {
	t.Parallel()
	err := Config{TracesExporter: Prometheus, MetricsExporter: "x", Protocol: "udp", Endpoint: "collector:4317", TracesRatio: 2}.Validate()
	for _, name := range []string{"TRACES_EXPORTER", "METRICS_EXPORTER", "PROTOCOL", "ENDPOINT", "TRACES_RATIO"} {
		require.ErrorContains(t, err, "BACKEND_OTEL_"+name)
	}
	require.ErrorContains(t, Config{TracesExporter: None, MetricsExporter: Prometheus, Protocol: GRPC}.Validate(), "PROMETHEUS_LISTEN_ADDR")
	require.ErrorContains(t, LoggingConfig{Level: "loud"}.Validate(), "BACKEND_LOGGING_LEVEL")
	_, err = NewLogger(LoggingConfig{Level: "loud"}, "galaxy")
	require.Error(t, err)
	for addr, fits := range map[string]bool{"": true, "127.0.0.1:6060": true, "[::1]:6060": true, ":6060": false, "10.0.0.7:6060": false, "6060": false} {
		require.Equal(t, fits, PprofConfig{ListenAddr: addr}.Validate() == nil, addr)
	}
}

func TestTheProfilerAnswersWhenItHasAnAddress(t *testing.T) {
	t.Parallel()
	off := NewProfiler(PprofConfig{}, zap.NewNop())
	require.NoError(t, off.Start(t.Context()))
	require.NoError(t, off.Stop(t.Context()))

	on := NewProfiler(PprofConfig{ListenAddr: "127.0.0.1:0"}, zap.NewNop())
	require.NoError(t, on.Start(t.Context()))
	require.NoError(t, on.Start(t.Context()), "a second start does nothing")
	resp, err := http.Get("http://" + on.listener.addr.String() + "/debug/pprof/cmdline") //nolint:noctx // of this test
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusNotFound, resp.StatusCode, "the command line is not for show")
	resp, err = http.Get("http://" + on.listener.addr.String() + "/debug/pprof/heap") //nolint:noctx // of this test
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.NoError(t, on.Stop(t.Context()))
}

func TestTheGraphOfTheModuleIsWhole(t *testing.T) {
	t.Parallel()
	require.NoError(t, fx.ValidateApp(fx.NopLogger, Module, lifecycle.Module, fx.Supply(Config{}, LoggingConfig{}, PprofConfig{}, ServiceName("x"), lifecycle.Cap(0))))
}

func TestAnEndpointThatIsNoURLFailsTheBoot(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"traces exporter":  {TracesExporter: OTLP, MetricsExporter: None, Protocol: HTTPProtobuf, Endpoint: "http://[::1"},
		"metrics exporter": {TracesExporter: None, MetricsExporter: OTLP, Protocol: HTTPProtobuf, Endpoint: "http://[::1"},
	} {
		_, err := NewProviders(c, "galaxy", zap.NewNop())
		require.ErrorContains(t, err, name)
	}
}

func TestTheCallerDecidesWhetherATraceIsKept(t *testing.T) {
	t.Parallel()
	for flags, spans := range map[trace.TraceFlags]int{trace.FlagsSampled: 1, 0: 0} {
		for _, ratio := range []float64{0, 1} { // only for traces that start here
			var out bytes.Buffer
			p, err := newProviders(Config{TracesExporter: Stdout, MetricsExporter: None, TracesRatio: ratio}, "galaxy", zap.NewNop(), &out)
			require.NoError(t, err)
			parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: flags, Remote: true})
			_, span := p.Traces.Tracer("test").Start(trace.ContextWithRemoteSpanContext(t.Context(), parent), "work")
			span.End()
			require.NoError(t, p.Stop(t.Context()))
			require.Equal(t, spans, strings.Count(out.String(), `"Name":"work"`), "flags %v, ratio %v", flags, ratio)
		}
	}
}

func TestEveryReportSaysWhichServiceAndBuildItIsFrom(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p, err := newProviders(Config{TracesExporter: Stdout, MetricsExporter: None, TracesRatio: 1}, "galaxy-test", zap.NewNop(), &out)
	require.NoError(t, err)
	report(t, p)
	require.Contains(t, out.String(), `{"Key":"service.name","Value":{"Type":"STRING","Value":"galaxy-test"}}`)
	require.Contains(t, out.String(), `{"Key":"service.version","Value":{"Type":"STRING","Value":"`+build.Read().Version+`"}}`)
}
