package api

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// operation handles a request and returns a status and a body, or an error.
type operation func(w http.ResponseWriter, r *http.Request) (status int, body any, err error)

// Handler is the contract's HTTP surface.
func (e *Engine) Handler() http.Handler {
	routes := map[string]map[string]operation{ // looked up only
		enginev1.PathHealthz: {http.MethodGet: e.getHealth},
		enginev1.PathInit:    {http.MethodPost: e.postInit},
		enginev1.PathStatus:  {http.MethodGet: e.getStatus},
		enginev1.PathTurn:    {http.MethodPut: e.putTurn},
		enginev1.PathBanish:  {http.MethodPost: e.postBanish},
		enginev1.PathCommand: {http.MethodPut: e.putCommand},
		enginev1.PathOrder:   {http.MethodPut: e.putOrder},
		enginev1.PathReport:  {http.MethodGet: e.getReport},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		e.setHeaders(w.Header())
		status, body, err := e.dispatch(routes, w, r)
		if err != nil {
			status, body = e.errorResponse(w, r, err)
		}
		e.writeResponse(w, status, body)
		e.options.Log.Debug("request served", zap.String("method", r.Method), zap.String("path", r.URL.Path),
			zap.Int("status", status), zap.Duration("took", time.Since(begin)), requestID(r), traceParent(r))
	})
}

func requestID(r *http.Request) zap.Field {
	return zap.String("request_id", r.Header.Get(enginev1.HeaderRequestID))
}

func traceParent(r *http.Request) zap.Field {
	return zap.String("traceparent", r.Header.Get("Traceparent"))
}

// setHeaders are on every answer.
func (e *Engine) setHeaders(h http.Header) {
	h.Set(enginev1.HeaderContract, strconv.Itoa(enginev1.ContractVersion))
	h.Set(enginev1.HeaderEngineVersion, e.options.Version)
	v := e.view.Load()
	if v.game != nil {
		h.Set(enginev1.HeaderGameID, v.config().Request.GameID)
	}
	if v.snapshot != nil {
		h.Set(enginev1.HeaderTurn, strconv.Itoa(v.turn()))
	}
}

// dispatch finds the operation; a panic in it is an internal error.
func (e *Engine) dispatch(
	routes map[string]map[string]operation, w http.ResponseWriter, r *http.Request,
) (status int, body any, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			e.options.Log.Error("request panicked", zap.String("path", r.URL.Path), zap.Any("cause", cause),
				zap.Stack("stack"), requestID(r))
			status, body, err = 0, nil, newFailure(enginev1.CodeInternal, "internal error")
		}
	}()
	methods, found := routes[r.URL.Path]
	if !found {
		return 0, nil, newFailure(enginev1.CodeNotFound, "no such operation")
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	run, allowed := methods[method]
	if !allowed {
		for method := range methods { // there is one
			w.Header().Set("Allow", method)
		}
		return 0, nil, newFailure(enginev1.CodeMethodNotAllowed, "%s is not allowed here", r.Method)
	}
	if err := e.precheck(w, r); err != nil {
		return 0, nil, err
	}
	return run(w, r)
}

// precheck refuses requests during shutdown, unsupported formats, and admin
// requests without the token. The contract has no error code for the last; the
// status is 401.
func (e *Engine) precheck(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Path == enginev1.PathHealthz {
		return nil
	}
	if e.closing.Load() && r.URL.Path != enginev1.PathStatus {
		return newFailure(enginev1.CodeShuttingDown, "the engine is shutting down")
	}
	if token := e.options.AdminToken; token != "" && strings.HasPrefix(r.URL.Path, "/api/v1/admin/") {
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer || subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			f := newFailure(enginev1.CodeInvalidRequest, "the admin token is missing or wrong")
			f.status = http.StatusUnauthorized
			return f
		}
	}
	if r.URL.Path != enginev1.PathReport && !accepts(r, "application/json") {
		return newFailure(enginev1.CodeNotAcceptable, "only application/json is served here")
	}
	return nil
}

// errorResponse maps an error to a response. The cause is logged only.
func (e *Engine) errorResponse(w http.ResponseWriter, r *http.Request, err error) (int, any) {
	f := toFailure(err)
	status := f.httpStatus()
	switch {
	case errors.Is(err, context.Canceled):
		e.options.Log.Info("request cancelled", zap.String("path", r.URL.Path), requestID(r))
	case status >= http.StatusInternalServerError:
		e.options.Log.Warn("request failed", zap.String("path", r.URL.Path), zap.String("code", string(f.code)),
			zap.Error(err), requestID(r), traceParent(r))
	}
	if f.code == enginev1.CodeBusy || f.code == enginev1.CodeShuttingDown {
		w.Header().Set("Retry-After", "1")
	}
	return status, enginev1.ErrorResponse{Error: enginev1.Error{Code: f.code, Message: f.message, Details: f.details}}
}

// writeResponse sends JSON, or a rendered report as it is.
func (e *Engine) writeResponse(w http.ResponseWriter, status int, body any) {
	if status == http.StatusNotModified {
		w.WriteHeader(status)
		return
	}
	raw, is := body.([]byte)
	if !is {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			e.options.Log.Error("response not encoded", zap.Error(err))
			status, raw = http.StatusInternalServerError, []byte(`{"error":{"code":"internal","message":"internal error"}}`)
		}
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(raw)))
	w.WriteHeader(status)
	if _, err := w.Write(raw); err != nil {
		e.options.Log.Debug("response not written", zap.Error(err))
	}
}
