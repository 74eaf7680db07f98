// Package telemetry is how the process reports: JSON lines on stdout, traces
// and metrics through OpenTelemetry.
//
// It comes up first and goes down last; the metrics are exported for the last
// time a little earlier, while the gauges can still ask the database. Each of the
// two steps takes two seconds at most, and fails no stop, even when the collector
// is dead: exporters do not retry, and what they cannot send they drop, with one
// warning a minute. Nothing here slows a request down but the
// recording itself, which is why traces are sampled (BACKEND_OTEL_TRACES_RATIO)
// unless the caller has decided already.
//
// Writing to stdout blocks when nobody reads it: a log line is never dropped.
package telemetry
