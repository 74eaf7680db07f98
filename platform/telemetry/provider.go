package telemetry

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	goruntime "go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"galaxy/backend/platform/telemetry/build"
)

// shutdownTimeout bounds the last flush.
const shutdownTimeout = 2 * time.Second

// Providers is where spans and metrics go.
type Providers struct {
	Traces trace.TracerProvider
	Meters metric.MeterProvider

	log        *zap.Logger
	traces     *sdktrace.TracerProvider // nil: off
	meters     *sdkmetric.MeterProvider // nil: off
	prometheus *listener                // nil: another exporter
	once       sync.Once
	stopped    error

	metersClosed sync.Once
}

// NewProviders builds the exporters. They connect later, by themselves.
func NewProviders(c Config, service ServiceName, log *zap.Logger) (*Providers, error) {
	return newProviders(c, service, log, os.Stdout)
}

func newProviders(c Config, service ServiceName, log *zap.Logger, out io.Writer) (*Providers, error) {
	out = zapcore.Lock(zapcore.AddSync(out)) // both exporters write there
	p := &Providers{Traces: tracenoop.NewTracerProvider(), Meters: metricnoop.NewMeterProvider(), log: log}
	identity := resource.NewSchemaless(attribute.String("service.name", string(service)),
		attribute.String("service.version", build.Read().Version))
	exporter, err := traceExporter(context.Background(), c, out)
	if err != nil {
		return nil, fmt.Errorf("traces exporter: %w", err)
	}
	if exporter != nil {
		sampler := sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.TracesRatio))
		p.traces = sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(identity),
			sdktrace.WithSampler(sampler))
		p.Traces = p.traces
	}
	registry := prometheus.NewRegistry()
	reader, err := metricReader(context.Background(), c, out, registry)
	if err != nil {
		return nil, err
	}
	if reader != nil {
		p.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(identity))
		p.Meters = p.meters
	}
	if c.MetricsExporter == Prometheus {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{Registry: registry}))
		p.prometheus = newListener("prometheus listener", "BACKEND_OTEL_PROMETHEUS_LISTEN_ADDR", c.PrometheusListenAddr,
			mux, log)
	}
	return p, nil
}

// Start makes the providers the process's own, for libraries that ask for the
// global ones, and begins to measure the runtime.
func (p *Providers) Start(ctx context.Context) error {
	log := OncePerMinute(p.log)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("telemetry failed", zap.Error(err)) }))
	otel.SetTextMapPropagator(propagation.TraceContext{})
	otel.SetTracerProvider(p.Traces)
	otel.SetMeterProvider(p.Meters)
	if err := p.registerMetrics(); err != nil {
		return err
	}
	if p.prometheus == nil {
		return nil
	}
	return p.prometheus.start(ctx)
}

// registerMetrics registers the metrics that nobody else owns.
func (p *Providers) registerMetrics() error {
	if p.meters == nil {
		return nil
	}
	if err := goruntime.Start(goruntime.WithMeterProvider(p.meters)); err != nil {
		return fmt.Errorf("runtime metrics: %w", err)
	}
	running := build.Read()
	info, err := p.meters.Meter("galaxy/backend/platform/telemetry").Int64Gauge("build_info",
		metric.WithDescription("1, labelled with the running build."))
	if err != nil {
		return err
	}
	info.Record(context.Background(), 1, metric.WithAttributes(attribute.String("version", running.Version),
		attribute.String("commit", running.Commit), attribute.String("go", running.Go)))
	return nil
}

// Flush exports the metrics for the last time. It runs while what the gauges ask,
// the database above all, is still open; Stop would be too late. A scraper may
// come until Stop.
func (p *Providers) Flush(ctx context.Context) error {
	if p.prometheus == nil {
		p.closeMeters(ctx)
	}
	return nil
}

func (p *Providers) closeMeters(ctx context.Context) {
	p.metersClosed.Do(func() {
		if p.meters != nil {
			p.exported(p.meters.Shutdown(ctx))
		}
	})
}

// exported notes what could not be exported. A collector that is down loses
// telemetry and is no failure of the stop.
func (p *Providers) exported(err error) {
	if err != nil {
		p.log.Warn("the last spans or metrics could not be exported", zap.Error(err))
	}
}

// Stop flushes what is buffered, for two seconds at most.
func (p *Providers) Stop(ctx context.Context) error {
	p.once.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
		defer cancel()
		p.stopped = p.shutdown(ctx)
	})
	return p.stopped
}

func (p *Providers) shutdown(ctx context.Context) error {
	var (
		wg  sync.WaitGroup
		err error
	)
	if p.traces != nil {
		wg.Go(func() { p.exported(p.traces.Shutdown(ctx)) })
	}
	wg.Go(func() { p.closeMeters(ctx) })
	if p.prometheus != nil {
		wg.Go(func() { err = p.prometheus.stop(ctx) })
	}
	wg.Wait()
	return err
}
