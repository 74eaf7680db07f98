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

// instruments is where requests are reported to.
type instruments struct {
	log        *zap.Logger
	anomalyLog *zap.Logger // once a minute: a peer can cause as many as it likes
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
	requests   metric.Int64Counter
	duration   metric.Float64Histogram
	panics     metric.Int64Counter
	anomalies  metric.Int64Counter
	unguarded  metric.Int64Gauge
	unmatched  map[string]*routeMetrics // by method
}

func newInstruments(log *zap.Logger, tp trace.TracerProvider, mp metric.MeterProvider) *instruments {
	if tp == nil {
		tp = otel.GetTracerProvider()
	}
	if mp == nil {
		mp = otel.GetMeterProvider()
	}
	t := &instruments{log: log, anomalyLog: telemetry.OncePerMinute(log), tracer: tp.Tracer(scope),
		propagator: propagation.TraceContext{}, unmatched: unmatchedMetrics()}
	m := mp.Meter(scope)
	// The names and options are constants: the SDK has nothing to object to.
	t.requests, _ = m.Int64Counter("http_requests_total", metric.WithDescription("Requests answered."))
	t.duration, _ = m.Float64Histogram("http_request_duration_seconds", metric.WithUnit("s"),
		metric.WithDescription("From the first byte of the headers read to the answer written."),
		metric.WithExplicitBucketBoundaries(.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30))
	t.panics, _ = m.Int64Counter("panics_total", metric.WithDescription("Panics recovered."))
	t.anomalies, _ = m.Int64Counter("http_anomalies_total",
		metric.WithDescription("Requests that a sound gateway does not send."))
	t.unguarded, _ = m.Int64Gauge("http_gateway_unguarded",
		metric.WithDescription("1: any peer is taken for the gateway."))
	return t
}

func (t *instruments) anomaly(ctx context.Context, kind string, s Surface) {
	t.anomalies.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", kind), attribute.String("group", s.String())))
	t.anomalyLog.Warn("anomaly noticed", zap.String("kind", kind), zap.Stringer("group", s))
}

// routeMetrics is the attributes of one route's metrics, ready made per status.
type routeMetrics struct {
	group, method, path string
	byStatus            sync.Map // int → *statusMetrics
}

type statusMetrics struct {
	add    []metric.AddOption
	record []metric.RecordOption
}

func (r *routeMetrics) of(status int) *statusMetrics {
	if m, ok := r.byStatus.Load(status); ok {
		return m.(*statusMetrics)
	}
	set := metric.WithAttributeSet(attribute.NewSet(
		attribute.String("group", r.group), attribute.String("method", r.method),
		attribute.String("path", r.path), attribute.String("status", strconv.Itoa(status))))
	m := &statusMetrics{add: []metric.AddOption{set}, record: []metric.RecordOption{set}}
	r.byStatus.Store(status, m)
	return m
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodConnect, http.MethodOptions, http.MethodTrace,
}

const otherMethod = "other"

// unmatchedMetrics is one routeMetrics per method for requests that no route
// took: their paths are anybody's.
func unmatchedMetrics() map[string]*routeMetrics {
	all := map[string]*routeMetrics{}
	for _, method := range append(methods, otherMethod) {
		all[method] = &routeMetrics{group: "unmatched", method: method, path: "unmatched"}
	}
	return all
}

// of is the metrics of an endpoint, or of requests without one.
func (t *instruments) of(p *endpoint, method string) *routeMetrics {
	if p != nil {
		return p.metrics
	}
	if m, ok := t.unmatched[method]; ok {
		return m
	}
	return t.unmatched[otherMethod]
}

func (t *instruments) measured(ctx context.Context, r *routeMetrics, status int, took time.Duration) {
	m := r.of(status)
	t.requests.Add(ctx, 1, m.add...)
	t.duration.Record(ctx, took.Seconds(), m.record...)
}

var spanOptions = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}

// begin opens the request's span, a child of the caller's when it sent one.
func (t *instruments) begin(ctx context.Context, r *http.Request, op, requestID string) (context.Context, trace.Span) {
	if _, ok := r.Header["Traceparent"]; ok {
		ctx = t.propagator.Extract(ctx, propagation.HeaderCarrier(r.Header))
	}
	ctx, span := t.tracer.Start(ctx, op, spanOptions...)
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
