package httpx

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
)

// router builds the endpoints of all tables. Everything that could go wrong
// with a table is reported together.
func (e *edge) router(doc Document, tables []Table, docs *documents) (http.Handler, error) {
	if err := checkTables(tables); err != nil {
		return nil, err
	}
	ops, err := doc.load()
	if err != nil {
		return nil, err
	}
	router := echo.New()
	router.HTTPErrorHandler = e.unrouted
	var errs []error
	for _, t := range sorted(tables) {
		for _, r := range t.Routes {
			op, params, err := t.resolve(r, ops)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			p := &endpoint{edge: e, surface: t.Surface, route: r, op: op, params: params, maxBody: surfaces[t.Surface].maxBody}
			if r.MaxBody > 0 {
				p.maxBody = r.MaxBody
			}
			p.series.group, p.series.method, p.series.path = t.Surface.String(), r.Method, op.Path
			router.Add(r.Method, echoPath(op.Path), p.serve)
		}
	}
	if docs != nil {
		router.GET("/docs/*", echo.WrapHandler(docs.Assets))
	}
	// The router answers OPTIONS by itself with 204; here it is a method like any other.
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			e.refuseOptions(router, w, r)
			return
		}
		router.ServeHTTP(w, r)
	}), errors.Join(errs...)
}

var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodConnect, http.MethodOptions, http.MethodTrace}

// unrouted answers what no route took: 404, or 405 with Allow.
func (e *edge) unrouted(err error, ec echo.Context) {
	allow, _ := ec.Get(echo.ContextKeyHeaderAllow).(string)
	if he, ok := errors.AsType[*echo.HTTPError](err); ok && he.Code == http.StatusMethodNotAllowed {
		e.refuse(ec.Response().Writer, ec.Request(), allow)
		return
	}
	e.refuse(ec.Response().Writer, ec.Request(), "")
}

// refuseOptions finds what is allowed at a path by asking for a method that
// no route has.
func (e *edge) refuseOptions(router *echo.Echo, w http.ResponseWriter, r *http.Request) {
	ec := router.NewContext(r, w)
	router.Router().Find("FIND", echo.GetPath(r), ec)
	allow, _ := ec.Get(echo.ContextKeyHeaderAllow).(string)
	e.refuse(w, r, allow)
}

// refuse answers 405 when something is allowed here, else 404.
func (e *edge) refuse(w http.ResponseWriter, r *http.Request, allow string) {
	began, id := time.Now(), requestID(r.Header)
	f := errNotFound
	if allow != "" {
		f = errMethod
	}
	a := answerOf(f, id)
	if allow != "" {
		allowed := slices.DeleteFunc(strings.Split(allow, ", "), func(m string) bool { return m == http.MethodOptions })
		a.header["Allow"] = []string{strings.Join(allowed, ", ")}
	}
	a.write(w, id)
	method := "other"
	if slices.Contains(methods, r.Method) {
		method = r.Method
	}
	s, _ := e.strays.LoadOrStore(method, &series{group: "unmatched", method: method, path: "unmatched"})
	e.tel.measured(r.Context(), s.(*series), a.status, time.Since(began))
}
