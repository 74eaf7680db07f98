package httpx

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/telemetry"
)

// handleError is echo's HTTPErrorHandler: every error of a handler or a
// middleware is answered and logged here, and nowhere else.
func (a *app) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	f := faultOf(err)
	a.logFailure(c, err, f)
	info := infoOf(c.Request().Context())
	h := c.Response().Header()
	if f.RetryAfter > 0 {
		seconds := (f.RetryAfter + time.Second - 1) / time.Second
		h.Set(echo.HeaderRetryAfter, strconv.FormatInt(int64(seconds), 10))
	}
	status := f.Code.Status()
	if status == http.StatusRequestEntityTooLarge || status == http.StatusRequestTimeout {
		h.Set(echo.HeaderConnection, "close") // the rest of the body is still on its way
	}
	send(c, status, mimeJSON, envelopeOf(f, info.requestID))
}

// faultOf is the fault that the client sees.
func faultOf(err error) *fault.Error {
	if e, ok := errors.AsType[*echo.HTTPError](err); ok {
		return faultOfStatus(e.Code).Because(err)
	}
	f := fault.From(err)
	if f.Code == fault.Internal && errors.Is(err, context.DeadlineExceeded) {
		return errUnavailable.Because(err)
	}
	return f
}

// faultOfStatus translates the errors of echo and of its middleware.
func faultOfStatus(status int) *fault.Error {
	for _, f := range []*fault.Error{
		errCredentials, errForbidden, errNotFound, errMethod, errSlow, errTooLarge, errMediaType,
		ErrValidation, errUnavailable,
	} {
		if f.Code.Status() == status {
			return f
		}
	}
	if status >= http.StatusInternalServerError {
		return fault.ErrInternal
	}
	return ErrInvalid
}

// envelope is the one shape of an error.
type envelope struct {
	Error problem `json:"error"`
}

type problem struct {
	Code      string         `json:"code"`
	Message   string         `json:"message"`
	RequestID string         `json:"request_id"`
	Details   map[string]any `json:"details,omitempty"`
}

// envelopeOf renders a fault. From 500 on nothing but the fixed text of the
// fault leaves the process.
func envelopeOf(f *fault.Error, requestID string) []byte {
	p := problem{Code: f.Reason, Message: f.Message, RequestID: requestID}
	if f.Code.Status() < http.StatusInternalServerError {
		p.Details = detailsOf(f)
	}
	body, err := json.Marshal(envelope{p})
	if err != nil { // a detail that is no JSON
		p.Details = nil
		body, _ = json.Marshal(envelope{p})
	}
	return body
}

func detailsOf(f *fault.Error) map[string]any {
	if len(f.Fields) == 0 {
		return f.Details
	}
	details := map[string]any{"fields": f.Fields}
	for k, v := range f.Details {
		details[k] = v
	}
	return details
}

// logFailure writes the one line of a failed request. What a client did wrong is
// only worth a line while debugging.
func (a *app) logFailure(c echo.Context, err error, f *fault.Error) {
	info := infoOf(c.Request().Context())
	if info.endpoint == nil {
		return
	}
	status := f.Code.Status()
	if clientGone(c.Request(), err) {
		status = statusClientGone
	}
	level := zap.DebugLevel
	if status >= http.StatusInternalServerError {
		level = zap.ErrorLevel
	}
	line := a.tel.log.Check(level, "request failed")
	if line == nil {
		return
	}
	fields := []zap.Field{zap.String("request_id", info.requestID), zap.String("op", info.endpoint.route.Op),
		zap.Stringer("group", info.endpoint.surface), zap.Int("status", status), zap.String("reason", f.Reason),
		zap.Duration("took", time.Since(info.began)), zap.Error(f), telemetry.Trace(info)}
	if info.user != noInfo.user {
		fields = append(fields, zap.Stringer("user_id", info.user))
	}
	line.Write(fields...)
}
