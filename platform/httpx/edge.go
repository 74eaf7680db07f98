package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/httpx/header"
	"galaxy/backend/platform/telemetry"
)

const (
	auditTimeout = 5 * time.Second
	// statusGone is what the metrics and the log show when the client left
	// before the answer; nobody receives it.
	statusGone = 499
)

// edge is what all endpoints share.
type edge struct {
	gates   Gates
	guard   *gateway.Guard
	proxies Proxies
	tel     *instruments
	strays  sync.Map // method → *series, for requests that no route took
}

// endpoint is a route with everything about it that is known at boot.
type endpoint struct {
	*edge
	surface Surface
	route   Route
	op      *operation
	params  []boundParam
	maxBody int64
	series  series
}

// serve is the whole way of a request through the edge.
func (e *endpoint) serve(ec echo.Context) error {
	began := time.Now()
	r, w := ec.Request(), ec.Response().Writer
	c := &call{requestID: requestID(r.Header), ip: e.proxies.clientIP(r), agent: header.UserAgent(r.Header)}
	var span trace.Span
	c.Context, span = e.tel.begin(r, e.route.Op, c.requestID)
	if e.route.Timeout > 0 {
		_ = http.NewResponseController(w).SetWriteDeadline(began.Add(e.route.Timeout))
	}
	a, err := e.handle(c, &input{e: e, r: r, w: w, path: ec.Param})
	status := a.status
	if err != nil {
		f := faultOf(err)
		a = answerOf(f, c.requestID)
		status = a.status
		if gone(r, err) {
			status = statusGone
		}
		if e.surface == SurfaceAdmin && f.Code == fault.Unauthenticated {
			a.header["Www-Authenticate"] = challenge
		}
		e.audit(c, c, r, f)
		e.report(c, status, f, time.Since(began))
	} else {
		e.expectAudited(c, r)
	}
	a.write(w, c.requestID)
	e.tel.measured(c, &e.series, status, time.Since(began))
	end(span, e.series.path, status)
	return nil
}

var challenge = []string{`Basic realm="galaxy-admin"`}

// handle runs the checks in their order, then the handler.
func (e *endpoint) handle(c *call, in *input) (a answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = e.recovered(c, p)
		}
	}()
	r := in.r
	if r.ContentLength > e.maxBody {
		return answer{}, errTooLarge
	}
	if err := checkMedia(r, e.op); err != nil {
		return answer{}, err
	}
	if err := e.authenticate(c, c, r); err != nil {
		return answer{}, err
	}
	if keys, ok := r.Header["Idempotency-Key"]; ok && r.Method != http.MethodGet {
		if c.idempotencyKey = single(keys); !header.Visible(c.idempotencyKey, maxIdempotencyKey) {
			return answer{}, Invalid("Idempotency-Key", badFormat, "one key of 1 to 64 visible ASCII characters is needed")
		}
	}
	return e.route.Handle.run(c, in)
}

const maxIdempotencyKey = 64

// errPanicked is a panic that has been logged already.
var errPanicked = errors.New("panicked")

func (e *endpoint) recovered(c *call, p any) error {
	if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this as well
		panic(p)
	}
	e.tel.panics.Add(c, 1, metric.WithAttributes(attribute.String("component", "http")))
	return fmt.Errorf("%w: %v\n%s", errPanicked, p, debug.Stack())
}

// faultOf is the fault that the client sees.
func faultOf(err error) *fault.Error {
	f := fault.From(err)
	if f.Code == fault.Internal && errors.Is(err, context.DeadlineExceeded) {
		return errUnavailable.Because(err)
	}
	return f
}

// gone reports whether the client left and the handler failed because of it.
func gone(r *http.Request, err error) bool {
	return r.Context().Err() != nil && errors.Is(err, context.Canceled)
}

// report writes the one line of a failed request. What a client did wrong is
// only worth a line while debugging.
func (e *endpoint) report(c *call, status int, f *fault.Error, took time.Duration) {
	level := zap.DebugLevel
	if status >= http.StatusInternalServerError {
		level = zap.ErrorLevel
	}
	line := e.tel.log.Check(level, "request failed")
	if line == nil {
		return
	}
	fields := []zap.Field{zap.String("request_id", c.requestID), zap.String("op", e.route.Op), zap.Stringer("group", e.surface),
		zap.Int("status", status), zap.String("reason", f.Reason), zap.Duration("took", took), zap.Error(f), telemetry.Trace(c)}
	if c.user != noCall.user {
		fields = append(fields, zap.Stringer("user_id", c.user))
	}
	line.Write(fields...)
}
