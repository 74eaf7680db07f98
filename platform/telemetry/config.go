package telemetry

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"

	"go.uber.org/zap/zapcore"
)

// ServiceName is BACKEND_SERVICE_NAME: the field service of every log line and
// the resource attribute service.name.
type ServiceName string

// The exporters of BACKEND_OTEL_*_EXPORTER.
const (
	None       = "none"
	OTLP       = "otlp"
	Stdout     = "stdout"
	Prometheus = "prometheus"
)

// The values of BACKEND_OTEL_PROTOCOL.
const (
	GRPC         = "grpc"
	HTTPProtobuf = "http/protobuf"
)

// Config is the section BACKEND_OTEL_*.
type Config struct {
	TracesExporter       string  `split_words:"true" default:"otlp" desc:"none, otlp, stdout"`
	MetricsExporter      string  `split_words:"true" default:"otlp" desc:"none, otlp, stdout, prometheus"`
	Protocol             string  `split_words:"true" default:"grpc" desc:"grpc or http/protobuf; OTLP only"`
	Endpoint             string  `split_words:"true" desc:"OTLP endpoint URL"`
	PrometheusListenAddr string  `split_words:"true" default:":9100" desc:"listener of /metrics when the metrics exporter is prometheus"`
	TracesRatio          float64 `split_words:"true" default:"0.1" desc:"share of the traces that start here which are recorded"`
}

// Validate names every variable that does not fit.
func (c Config) Validate() error {
	var errs []error
	refuse := func(name, want string) { errs = append(errs, fmt.Errorf("BACKEND_OTEL_%s has to be %s", name, want)) }
	if !slices.Contains([]string{None, OTLP, Stdout}, c.TracesExporter) {
		refuse("TRACES_EXPORTER", "none, otlp or stdout")
	}
	if !slices.Contains([]string{None, OTLP, Stdout, Prometheus}, c.MetricsExporter) {
		refuse("METRICS_EXPORTER", "none, otlp, stdout or prometheus")
	}
	if c.Protocol != GRPC && c.Protocol != HTTPProtobuf {
		refuse("PROTOCOL", "grpc or http/protobuf")
	}
	if c.Endpoint != "" && !isHTTP(c.Endpoint) {
		refuse("ENDPOINT", "a URL with http or https")
	}
	if _, _, err := net.SplitHostPort(c.PrometheusListenAddr); c.MetricsExporter == Prometheus && err != nil {
		refuse("PROMETHEUS_LISTEN_ADDR", "host:port")
	}
	if !(c.TracesRatio >= 0 && c.TracesRatio <= 1) {
		refuse("TRACES_RATIO", "between 0 and 1")
	}
	return errors.Join(errs...)
}

func isHTTP(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// LoggingConfig is the section BACKEND_LOGGING_*.
type LoggingConfig struct {
	Level string `split_words:"true" default:"info" desc:"zap log level"`
}

// Validate names the variable when it does not fit.
func (c LoggingConfig) Validate() error {
	if _, err := zapcore.ParseLevel(c.Level); err != nil {
		return errors.New("BACKEND_LOGGING_LEVEL has to be debug, info, warn or error")
	}
	return nil
}

// PprofConfig is the section BACKEND_PPROF_*. Profiles show memory, so only
// the machine itself may ask for them.
type PprofConfig struct {
	ListenAddr string `split_words:"true" desc:"listener of net/http/pprof; loopback only (empty: off)"`
}

// Validate refuses an address that other machines can reach.
func (c PprofConfig) Validate() error {
	if c.ListenAddr == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(c.ListenAddr)
	addr, _ := netip.ParseAddr(host)
	if err != nil || host != "localhost" && !addr.IsLoopback() {
		return errors.New("BACKEND_PPROF_LISTEN_ADDR has to be a loopback address with a port")
	}
	return nil
}
