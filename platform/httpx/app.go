package httpx

import (
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"galaxy/backend/platform/httpx/gateway"
)

// app is what the middleware of the echo application works with.
type app struct {
	gates     Gates
	guard     *gateway.Guard
	proxies   Proxies
	tel       *instruments
	endpoints map[routeKey]*endpoint
}

// routeKey is how echo names a route: Context.Path for a method.
type routeKey struct{ method, path string }

// endpoint is a route with everything about it that is known at boot.
type endpoint struct {
	surface Surface
	route   Route
	op      *operation
	params  []boundParam
	maxBody int64
	metrics *routeMetrics
}

func (p *endpoint) mutates() bool { return p.route.Method != http.MethodGet }

// echo builds the application: what every request passes, a group for every
// surface, its routes. Everything that could go wrong with a table is reported
// together.
func (a *app) echo(doc Document, tables []Table, docs *documents) (*echo.Echo, error) {
	endpoints, err := resolve(doc, tables)
	if err != nil {
		return nil, err
	}
	e := echo.New()
	e.HTTPErrorHandler = a.handleError
	e.Use(a.requestInfo, a.tracing, a.metrics, a.unmatched, a.recoverPanic)
	e.Match([]string{http.MethodGet, http.MethodHead}, docsFiles, echo.WrapHandler(docs.Assets))
	groups := make([]*echo.Group, len(surfaces))
	for s, surface := range surfaces {
		groups[s] = e.Group(surface.prefix)
	}
	a.endpoints = map[routeKey]*endpoint{}
	for _, p := range endpoints {
		a.enter(groups[p.surface], p, p.route.Method)
		if p.route.Method == http.MethodGet {
			a.enter(groups[p.surface], p.head(), http.MethodHead)
		}
	}
	return e, nil
}

// enter makes a route of the endpoint. A group's own Use would make echo answer
// 404 where it has to be 405: it enters a route for everything below the prefix.
func (a *app) enter(group *echo.Group, p *endpoint, method string) {
	r := group.Add(method, echoPath(p.route.Path), chain(p.handler(), a.middleware(p)))
	r.Name = p.route.Op
	a.endpoints[routeKey{r.Method, r.Path}] = p
}

// head is the endpoint for HEAD: GET, of whose answer net/http sends the headers
// alone (RFC 9110, 9.3.2), with metrics of its own.
func (p *endpoint) head() *endpoint {
	head := *p
	head.metrics = &routeMetrics{group: p.metrics.group, method: http.MethodHead, path: p.metrics.path}
	return &head
}

// middleware is what a request of this endpoint passes between what every
// request passes and its handler.
func (a *app) middleware(p *endpoint) []echo.MiddlewareFunc {
	var all []echo.MiddlewareFunc
	if p.surface == SurfaceAdmin {
		all = append(all, challenge)
		if p.mutates() {
			all = append(all, a.audit, a.recoverPanic) // a panic is audited as well
		}
	}
	all = append(all, limitBody(p.maxBody))
	if p.op.body != nil {
		all = append(all, requireJSON(p.op.BodyRequired))
	}
	switch p.surface {
	case SurfaceInternal:
		all = append(all, a.requireGateway)
	case SurfacePublic:
		all = append(all, a.requireGateway, a.reportStrayUserID)
	case SurfaceUser:
		all = append(all, a.requireGateway, a.requireUser)
	case SurfaceAdmin:
		all = append(all, a.requireGateway, a.reportStrayUserID, a.requireOperator, requireRole(p.route.Role))
	}
	if p.route.Timeout > 0 {
		all = append(all, writeDeadline(p.route.Timeout))
	}
	return all
}

// chain puts middleware around a handler once, at boot. echo's Add does it anew
// for every request, which allocates each of them.
func chain(h echo.HandlerFunc, all []echo.MiddlewareFunc) echo.HandlerFunc {
	for _, m := range slices.Backward(all) {
		h = m(h)
	}
	return h
}

// resolve finds the operation of every route.
func resolve(doc Document, tables []Table) ([]*endpoint, error) {
	if err := checkTables(tables); err != nil {
		return nil, err
	}
	ops, err := doc.load()
	if err != nil {
		return nil, err
	}
	var endpoints []*endpoint
	var errs []error
	for _, t := range sorted(tables) {
		for _, r := range t.Routes {
			p, err := t.resolve(r, ops)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			endpoints = append(endpoints, p)
		}
	}
	return endpoints, errors.Join(errs...)
}
