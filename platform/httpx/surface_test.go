package httpx_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"galaxy/backend/platform/httpx"
)

func TestAnUnknownPathIsNotFoundWithoutAuthentication(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	recorder := tracetest.NewSpanRecorder()
	f, _ := newStoppedFixture(t, guarded, func(s *setup) {
		s.tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
		s.tel.Traces = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	})
	paths := []string{"/api/v1/user/nothing", "/api/v1/admin/nothing", "/api/v1/internal", "/api/v1/public/", "/api/v1/user/ships/" + goodID + "/x"}
	for _, path := range paths {
		require.Equal(t, http.StatusNotFound, f.ask(http.MethodGet, path, "").Code, path)
	}
	require.Zero(t, f.logins)
	require.EqualValues(t, len(paths), counts(t, reader)["http_requests_total unmatched GET unmatched 404"], "one label for all of them")
	require.Empty(t, recorder.Ended(), "only operations have spans")
}

func TestAWrongMethodIsRefusedWithoutAuthentication(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	f, _ := newStoppedFixture(t, guarded, func(s *setup) { s.tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)) })
	for _, path := range []string{"/api/v1/user/account", "/api/v1/admin/me", "/api/v1/internal/ping", "/healthz", "/docs", "/docs/swagger-ui.css"} {
		r := f.ask(http.MethodOptions, path, "")
		require.Equal(t, http.StatusMethodNotAllowed, r.Code, path)
		require.Equal(t, "GET, HEAD", r.Header().Get("Allow"), path)
		require.NotEmpty(t, r.Header().Get("X-Request-ID"), path)
		require.Contains(t, r.Body.String(), "method_not_allowed")
	}
	require.EqualValues(t, 6, counts(t, reader)["http_requests_total unmatched OPTIONS unmatched 405"])
}

func TestFilesOfTheDocumentationAreNoOperation(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	f, _ := newStoppedFixture(t, func(s *setup) { s.tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)) })
	r := f.ask(http.MethodGet, "/docs/swagger-ui.css", "")
	require.Equal(t, http.StatusOK, r.Code)
	require.Empty(t, r.Header().Get("X-Request-ID"))
	require.NotEqual(t, "no-store", r.Header().Get("Cache-Control"), "a browser may keep them")
	require.Empty(t, counts(t, reader))
}

func TestTheOrderOfChecksHoldsForOperators(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t, guarded)
	path := sink + "x/sink"
	body, headers := strings.Repeat(" ", 64<<10+1), map[string]string{}
	for _, step := range []struct {
		status int
		code   string
		mend   func()
	}{
		{413, "body_too_large", func() { body = "" }},
		{401, "gateway_unauthenticated", func() { headers["X-Galaxy-Gateway-Secret"] = gatewaySecret }},
		{401, "unauthenticated", func() { headers["Authorization"] = basic("busy", "x") }},
		{429, "throttled", func() { headers["Authorization"] = basic("operator", "x") }},
		{401, "credentials_wrong", func() { headers["Authorization"] = as("viewer")[1] }},
		{403, "forbidden", func() { headers["Authorization"] = as("operator")[1]; headers["Idempotency-Key"] = "a b" }},
		{400, "invalid_request", func() { delete(headers, "Idempotency-Key") }},
		{400, "invalid_request", func() { path = sink + "f/sink" }},
		{204, "", func() {}},
	} {
		var list []string
		for k, v := range headers {
			list = append(list, k, v)
		}
		r := f.ask(http.MethodPost, path, body, list...)
		require.Equal(t, step.status, r.Code, r.Body)
		require.Contains(t, r.Body.String(), step.code)
		require.Equal(t, step.status == 401, r.Header().Get("WWW-Authenticate") != "", step.code)
		step.mend()
	}
}

func TestARefusedRoleIsNamed(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t)
	require.Contains(t, f.ask(http.MethodPost, sink+"f/sink", "", as("viewer")...).Body.String(), `"details":{"role":"operator"}`)
}

// quietAuditor keeps refusals, and does not promise to have the successes.
type quietAuditor struct {
	contexts chan context.Context
}

func (a quietAuditor) Refused(ctx context.Context, _ httpx.AuditEntry) { a.contexts <- ctx }

func TestARefusalIsRecordedEvenWhenTheClientHasLeft(t *testing.T) {
	t.Parallel()
	auditor := quietAuditor{make(chan context.Context, 1)}
	f, _ := newStoppedFixture(t, func(s *setup) { s.gates = &httpx.Gates{Admin: &fixture{}, Auditor: auditor} })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, sink+"5/sink", nil)
	r.Header.Set("Authorization", as("operator")[1])
	f.Handler().ServeHTTP(httptest.NewRecorder(), r)
	audited := <-auditor.contexts
	deadline, ok := audited.Deadline()
	require.True(t, ok)
	require.LessOrEqual(t, time.Until(deadline), 5*time.Second)
	require.Equal(t, "operator", httpx.PrincipalOf(audited).Username)
	require.NoError(t, context.Cause(context.WithoutCancel(audited)))
}

func TestWithoutAnAuditorThatIsCompleteNobodyExpectsRows(t *testing.T) {
	t.Parallel()
	for name, gates := range map[string]*httpx.Gates{
		"none": {Admin: &fixture{}}, "quiet": {Admin: &fixture{}, Auditor: quietAuditor{make(chan context.Context, 8)}},
	} {
		f, _ := newStoppedFixture(t, func(s *setup) { s.gates = gates })
		require.Equal(t, http.StatusNoContent, f.ask(http.MethodPost, sink+"f/sink", "", as("operator")...).Code, name)
		require.Equal(t, http.StatusConflict, f.ask(http.MethodPost, sink+"5/sink", "", as("operator")...).Code, name)
		require.Zero(t, f.logs.FilterMessage(httpx.Unaudited).Len(), name)
	}
}

// Contexts of echo are used again, and two header values share memory with what
// is known about the request: no request may see another's.
func TestRequestsAtTheSameTimeKeepTheirOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, with(httpx.User("ship", httpx.Route{Op: "getName", Method: "GET", Path: "/names/{name}",
		Handle: httpx.JSON(http.StatusOK, func(ctx context.Context, in struct {
			Name string `path:"name"`
		}) (string, error) {
			return fmt.Sprint(in.Name, " ", httpx.UserID(ctx), " ", httpx.RequestID(ctx), strings.Repeat("x", len(in.Name))), nil
		})})))
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			user := uuid.New()
			for j := range 20 {
				name, id := strings.Repeat("n", 2+(i+j)%18), fmt.Sprintf("request-%d-%d", i, j)
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.base+"/api/v1/user/names/"+name, nil)
				require.NoError(t, err)
				r.Header.Set("X-User-ID", user.String())
				r.Header.Set("X-Request-ID", id)
				got := send(t, http.DefaultClient, r)
				want := fmt.Sprintf("%q", fmt.Sprint(name, " ", user, " ", id, strings.Repeat("x", len(name))))
				require.Equal(t, want, got.text)
				require.Equal(t, id, got.Header.Get("X-Request-ID"))
				require.Equal(t, fmt.Sprint(len(want)), got.Header.Get("Content-Length"))
			}
		})
	}
	all.Wait()
}

func TestAHandlersHeadersAreItsOwn(t *testing.T) {
	t.Parallel()
	first := true
	f, _ := newStoppedFixture(t, with(httpx.User("ship", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account",
		Handle: httpx.JSON(http.StatusOK, func(context.Context, struct{}) (httpx.Response[string], error) {
			if !first {
				return httpx.Response[string]{}, nil
			}
			first = false
			return httpx.Response[string]{Header: http.Header{"Cache-Control": {"private"}, "X-Content-Type-Options": {"x"}, "Content-Type": {"text/x"}}}, nil
		})})))
	require.Equal(t, "text/x", f.ask(http.MethodGet, accountPath, "").Header().Get("Content-Type"))
	r := f.ask(http.MethodGet, accountPath, "")
	require.Equal(t, []string{"no-store", "nosniff", "application/json; charset=utf-8"},
		[]string{r.Header().Get("Cache-Control"), r.Header().Get("X-Content-Type-Options"), r.Header().Get("Content-Type")})
}

func TestAContextAnswersAfterItsRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.user(t, http.MethodGet, accountPath, "", "X-Request-ID", "first")
	kept := context.WithoutCancel(f.lastCtx)
	f.do(t, http.MethodGet, accountPath, "", "X-User-ID", unknownID, "X-Request-ID", "second")
	require.Equal(t, "first", httpx.RequestID(kept))
	require.Equal(t, goodID, httpx.UserID(kept).String())
	require.Equal(t, netip.MustParseAddr("127.0.0.1"), httpx.ClientIP(kept))
}

func TestAHandlerWorksInsideTheSpanOfItsOperation(t *testing.T) {
	t.Parallel()
	recorder := tracetest.NewSpanRecorder()
	var inside trace.SpanContext
	f, _ := newStoppedFixture(t, failing(func(ctx context.Context) error {
		inside = trace.SpanContextFromContext(ctx)
		require.Equal(t, goodID, httpx.UserID(ctx).String())
		return nil
	}), func(s *setup) { s.tel.Traces = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)) })
	f.ask(http.MethodGet, accountPath, "")
	require.Len(t, recorder.Ended(), 1)
	require.Equal(t, recorder.Ended()[0].SpanContext().SpanID(), inside.SpanID())
}

// deadlines is a writer that remembers its write deadline.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetWriteDeadline(t time.Time) error { d.set = append(d.set, t); return nil }

func TestARouteMayTakeLongerThanTheServer(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t)
	ask := func(method, path string) []time.Time {
		d := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("X-User-ID", goodID)
		f.Handler().ServeHTTP(d, r)
		require.Less(t, d.Code, 300)
		return d.set
	}
	require.Empty(t, ask(http.MethodGet, accountPath), "the server's own deadline stays")
	began := time.Now()
	set := ask(http.MethodPut, "/api/v1/user/ships/"+goodID+"/orders")
	require.Len(t, set, 1)
	require.WithinDuration(t, began.Add(time.Minute), set[0], 5*time.Second)
}
