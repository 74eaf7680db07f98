package httpx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"galaxy/backend/platform/httpx/header"
)

// statusClientGone is what the metrics, the log and the span show when the client
// left before the answer; nobody receives it.
const statusClientGone = 499

// docsFiles is the route of the files of the rendered document. They are no
// operation: what every request passes lets them through as they are.
const docsFiles = "/docs/*"

// requestInfo makes the request's context, which the accessors of this package
// ask, and the headers that every answer has.
func (a *app) requestInfo(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if c.Path() == docsFiles && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			return next(c)
		}
		info := &requestInfo{
			Context: r.Context(), began: time.Now(), endpoint: a.endpoints[routeKey{r.Method, c.Path()}],
			requestID: requestID(r.Header), ip: a.proxies.clientIP(r), agent: header.UserAgent(r.Header),
		}
		c.SetRequest(r.WithContext(info))
		h := c.Response().Header()
		h["Cache-Control"], h["X-Content-Type-Options"] = noStore, noSniff
		h["X-Request-Id"] = info.headerValue(&info.idHeader, info.requestID)
		return next(c)
	}
}

// Header values that never change are shared between answers; net/http only
// reads them.
var (
	noStore = []string{"no-store"}
	noSniff = []string{"nosniff"}
)

// tracing opens the span of an operation.
func (a *app) tracing(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		info := infoOf(c.Request().Context())
		if info.endpoint == nil {
			return next(c)
		}
		var span trace.Span
		// The request's context is given the span instead of a context around it:
		// another copy of the request would carry it.
		info.Context, span = a.tel.begin(info.Context, c.Request(), info.endpoint.route.Op, info.requestID)
		err := next(c)
		end(span, info.endpoint.op.Path, statusOf(c, err))
		return err
	}
}

// metrics counts and times every request. It has the error rendered, since only
// then the status is known.
func (a *app) metrics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		if info := infoOf(c.Request().Context()); info != &noInfo {
			a.tel.measured(info, a.tel.of(info.endpoint, c.Request().Method), statusOf(c, err), time.Since(info.began))
		}
		return err
	}
}

// unmatched answers what no route took: 404, or 405 with Allow. echo would answer
// OPTIONS by itself with 204; here it is a method like any other.
func (a *app) unmatched(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if info := infoOf(c.Request().Context()); info.endpoint != nil || info == &noInfo {
			return next(c)
		}
		allow, _ := c.Get(echo.ContextKeyHeaderAllow).(string)
		if allow == "" {
			return echo.ErrNotFound
		}
		methods := slices.DeleteFunc(strings.Split(allow, ", "), func(m string) bool { return m == http.MethodOptions })
		c.Response().Header().Set(echo.HeaderAllow, strings.Join(methods, ", "))
		return echo.ErrMethodNotAllowed
	}
}

// recoverPanic makes a panic an error like any other, so that it is answered,
// logged and counted.
func (a *app) recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it like this as well
					panic(p)
				}
				a.tel.panics.Add(c.Request().Context(), 1, metric.WithAttributes(attribute.String("component", "http")))
				err = fmt.Errorf("panicked: %v\n%s", p, debug.Stack())
			}
		}()
		return next(c)
	}
}

// statusOf is the status of an answer once it has been written.
func statusOf(c echo.Context, err error) int {
	if clientGone(c.Request(), err) {
		return statusClientGone
	}
	return c.Response().Status
}

// clientGone reports whether the client left and the handler failed because of it.
func clientGone(r *http.Request, err error) bool {
	return err != nil && r.Context().Err() != nil && errors.Is(err, context.Canceled)
}
