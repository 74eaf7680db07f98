package httpx

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"galaxy/backend/platform/telemetry"
)

const scope = "galaxy/backend/platform/httpx"

// instruments is what the edge reports to.
type instruments struct {
	log       *zap.Logger
	anomalies *zap.Logger // thinned out: a peer can cause as many as it likes
	tracer    trace.Tracer
	spread    propagation.TextMapPropagator
	requests  metric.Int64Counter
	duration  metric.Float64Histogram
	panics    metric.Int64Counter
	strange   metric.Int64Counter
	unguarded metric.Int64Gauge
}

func newInstruments(log *zap.Logger, tp trace.TracerProvider, mp metric.MeterProvider) *instruments {
	if tp == nil {
		tp = otel.GetTracerProvider()
	}
	if mp == nil {
		mp = otel.GetMeterProvider()
	}
	t := &instruments{log: log, anomalies: telemetry.Thin(log), tracer: tp.Tracer(scope), spread: propagation.TraceContext{}}
	m := mp.Meter(scope)
	// The names and options are constants: the SDK has nothing to object to.
	t.requests, _ = m.Int64Counter("http_requests_total", metric.WithDescription("Requests answered."))
	t.duration, _ = m.Float64Histogram("http_request_duration_seconds", metric.WithUnit("s"),
		metric.WithDescription("From the first byte of the headers read to the answer written."),
		metric.WithExplicitBucketBoundaries(.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30))
	t.panics, _ = m.Int64Counter("panics_total", metric.WithDescription("Panics recovered."))
	t.strange, _ = m.Int64Counter("http_anomalies_total", metric.WithDescription("Requests that a sound gateway does not send."))
	t.unguarded, _ = m.Int64Gauge("http_gateway_unguarded", metric.WithDescription("1: any peer is taken for the gateway."))
	return t
}

func (t *instruments) anomaly(ctx context.Context, kind string, s Surface) {
	t.strange.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", kind), attribute.String("group", s.String())))
	t.anomalies.Warn("anomaly noticed", zap.String("kind", kind), zap.Stringer("group", s))
}

// series is the metric attributes of one route, ready made per status.
type series struct {
	group, method, path string
	byStatus            sync.Map // int → *measure
}

type measure struct {
	add    []metric.AddOption
	record []metric.RecordOption
}

func (s *series) of(status int) *measure {
	if m, ok := s.byStatus.Load(status); ok {
		return m.(*measure)
	}
	set := metric.WithAttributeSet(attribute.NewSet(attribute.String("group", s.group), attribute.String("method", s.method),
		attribute.String("path", s.path), attribute.String("status", strconv.Itoa(status))))
	m := &measure{add: []metric.AddOption{set}, record: []metric.RecordOption{set}}
	s.byStatus.Store(status, m)
	return m
}

func (t *instruments) measured(ctx context.Context, s *series, status int, took time.Duration) {
	m := s.of(status)
	t.requests.Add(ctx, 1, m.add...)
	t.duration.Record(ctx, took.Seconds(), m.record...)
}

// begin opens the request's span, a child of the caller's when it sent one.
func (t *instruments) begin(r *http.Request, op, requestID string) (context.Context, trace.Span) {
	ctx := r.Context()
	if _, ok := r.Header["Traceparent"]; ok {
		ctx = t.spread.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	ctx, span := t.tracer.Start(ctx, op, trace.WithSpanKind(trace.SpanKindServer))
	if span.IsRecording() {
		span.SetAttributes(attribute.String("request_id", requestID), attribute.String("http.request.method", r.Method))
	}
	return ctx, span
}

// end closes it. Only the service's own failures are errors of a server span.
func end(span trace.Span, route string, status int) {
	if span.IsRecording() {
		span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	}
	span.End()
}
