package telemetry

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exportTimeout bounds one export. Retries are off: with them, a dead
// collector holds the shutdown until its budget ends.
const exportTimeout = 5 * time.Second

// traceExporter is nil when traces are off. No exporter connects before its
// first export.
func traceExporter(ctx context.Context, c Config, out io.Writer) (sdktrace.SpanExporter, error) {
	switch c.TracesExporter {
	case None:
		return nil, nil
	case Stdout:
		return stdouttrace.New(stdouttrace.WithWriter(out))
	}
	if c.Protocol == GRPC {
		options := []otlptracegrpc.Option{
			otlptracegrpc.WithTimeout(exportTimeout), otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{}),
		}
		if c.Endpoint != "" {
			options = append(options, otlptracegrpc.WithEndpointURL(c.Endpoint))
		}
		return otlptracegrpc.New(ctx, options...)
	}
	options := []otlptracehttp.Option{
		otlptracehttp.WithTimeout(exportTimeout), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}),
	}
	if c.Endpoint != "" {
		// The library would post to the path of the endpoint, that is to "/".
		to, err := url.JoinPath(c.Endpoint, "v1", "traces")
		if err != nil {
			return nil, err
		}
		options = append(options, otlptracehttp.WithEndpointURL(to))
	}
	return otlptracehttp.New(ctx, options...)
}

// metricReader is nil when metrics are off.
func metricReader(
	ctx context.Context, c Config, out io.Writer, registry prometheus.Registerer,
) (sdkmetric.Reader, error) {
	switch c.MetricsExporter {
	case None:
		return nil, nil
	case Prometheus:
		return otelprom.New(otelprom.WithRegisterer(registry), otelprom.WithoutScopeInfo())
	}
	exporter, err := metricExporter(ctx, c, out)
	if err != nil {
		return nil, fmt.Errorf("metrics exporter: %w", err)
	}
	return sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithTimeout(exportTimeout)), nil
}

func metricExporter(ctx context.Context, c Config, out io.Writer) (sdkmetric.Exporter, error) {
	if c.MetricsExporter == Stdout {
		return stdoutmetric.New(stdoutmetric.WithWriter(out))
	}
	if c.Protocol == GRPC {
		options := []otlpmetricgrpc.Option{
			otlpmetricgrpc.WithTimeout(exportTimeout), otlpmetricgrpc.WithRetry(otlpmetricgrpc.RetryConfig{}),
		}
		if c.Endpoint != "" {
			options = append(options, otlpmetricgrpc.WithEndpointURL(c.Endpoint))
		}
		return otlpmetricgrpc.New(ctx, options...)
	}
	options := []otlpmetrichttp.Option{
		otlpmetrichttp.WithTimeout(exportTimeout), otlpmetrichttp.WithRetry(otlpmetrichttp.RetryConfig{}),
	}
	if c.Endpoint != "" {
		to, err := url.JoinPath(c.Endpoint, "v1", "metrics")
		if err != nil {
			return nil, err
		}
		options = append(options, otlpmetrichttp.WithEndpointURL(to))
	}
	return otlpmetrichttp.New(ctx, options...)
}
