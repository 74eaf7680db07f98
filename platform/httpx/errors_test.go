package httpx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/httpx"
)

// failing serves a route that fails as the test wants.
func failing(fail func(ctx context.Context) error) func(*setup) {
	return with(httpx.User("ship", httpx.Route{Op: "getAccount", Method: "GET", Path: "/account",
		Handle: httpx.Empty(http.StatusNoContent, func(ctx context.Context, _ struct{}) error { return fail(ctx) })}))
}

const accountPath = "/api/v1/user/account"

func TestErrorsOfEchoAreAnsweredInTheEnvelope(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]struct {
		status int
		reason string
	}{
		400: {400, "invalid_request"}, 401: {401, "unauthenticated"}, 403: {403, "forbidden"}, 404: {404, "not_found"},
		405: {405, "method_not_allowed"}, 408: {408, "request_timeout"}, 413: {413, "body_too_large"}, 415: {415, "unsupported_media_type"},
		418: {400, "invalid_request"}, 422: {422, "validation_failed"}, 500: {500, "internal_error"}, 502: {500, "internal_error"}, 503: {503, "unavailable"},
	} {
		f, _ := newStoppedFixture(t, failing(func(context.Context) error { return fmt.Errorf("middleware: %w", echo.NewHTTPError(code, "secret")) }))
		r := f.ask(http.MethodGet, accountPath, "")
		require.Equal(t, want.status, r.Code)
		require.Contains(t, r.Body.String(), `"code":"`+want.reason+`"`)
		require.NotContains(t, r.Body.String(), "secret")
	}
}

func TestEveryClassOfFaultHasItsStatus(t *testing.T) {
	t.Parallel()
	for code := fault.Internal; code <= fault.Unavailable; code++ {
		f, _ := newStoppedFixture(t, failing(func(context.Context) error { return fault.New(code, "some_reason", "some words") }))
		r := f.ask(http.MethodGet, accountPath, "")
		require.Equal(t, code.Status(), r.Code)
		require.Contains(t, r.Body.String(), `"code":"some_reason","message":"some words"`)
		closes := code == fault.TooLarge || code == fault.Timeout
		require.Equal(t, closes, r.Header().Get("Connection") == "close", code)
		require.Equal(t, fmt.Sprint(r.Body.Len()), r.Header().Get("Content-Length"))
	}
}

func TestDetailsAndFieldsStandSideBySide(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t, failing(func(context.Context) error {
		return httpx.Validation("turns", "contradiction", "a grid has no interval").With("mode", "grid").Because(errors.New("secret"))
	}))
	r := f.ask(http.MethodGet, accountPath, "")
	require.Equal(t, http.StatusUnprocessableEntity, r.Code)
	var got struct {
		Error struct{ Details map[string]any }
	}
	require.NoError(t, json.Unmarshal(r.Body.Bytes(), &got))
	require.Equal(t, map[string]any{"mode": "grid", "fields": []any{
		map[string]any{"name": "turns", "code": "contradiction", "message": "a grid has no interval"}}}, got.Error.Details)
	require.ErrorIs(t, httpx.Validation("x", "y", "z"), httpx.ErrValidation)
	require.ErrorIs(t, httpx.Invalid("x", "y", "z"), httpx.ErrInvalid)
}

func TestAClientThatLeavesIsNoFailureOfTheService(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	entered, left := make(chan struct{}), make(chan struct{})
	f := newFixture(t, failing(func(ctx context.Context) error {
		close(entered)
		<-ctx.Done()
		defer close(left)
		return fmt.Errorf("ask the engine: %w", ctx.Err())
	}), func(s *setup) {
		s.level, s.tel.Meters = zap.DebugLevel, sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.base+accountPath, nil)
		require.NoError(t, err)
		r.Header.Set("X-User-ID", goodID)
		_, err = http.DefaultClient.Do(r)
		require.ErrorIs(t, err, context.Canceled)
	})
	<-entered
	cancel()
	<-left
	done.Wait()
	require.NoError(t, f.Stop(t.Context())) // waits for the handler
	require.EqualValues(t, 1, counts(t, reader)["http_requests_total user GET "+accountPath+" 499"])
	lines := f.logs.FilterMessage("request failed").All()
	require.Len(t, lines, 1)
	require.Equal(t, zap.DebugLevel, lines[0].Level)
	require.EqualValues(t, 499, lines[0].ContextMap()["status"])
}

func TestACancellationOfOurOwnIsAFailure(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t, failing(func(context.Context) error { return context.Canceled }))
	require.Equal(t, http.StatusInternalServerError, f.ask(http.MethodGet, accountPath, "").Code, "the client is still there")
	require.Len(t, f.logs.FilterMessage("request failed").All(), 1)
}

func TestAnAbortedHandlerEndsTheConnectionAndNothingElse(t *testing.T) {
	t.Parallel()
	reader := sdkmetric.NewManualReader()
	f := newFixture(t, failing(func(context.Context) error { panic(http.ErrAbortHandler) }),
		func(s *setup) { s.tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)) })
	got := f.raw(t, "GET "+accountPath+" HTTP/1.1\r\nHost: x\r\nX-User-ID: "+goodID+"\r\n\r\n")
	require.Empty(t, got)
	require.Zero(t, counts(t, reader)["panics_total http"])
	require.Zero(t, f.logs.FilterMessage("request failed").Len())
	require.Contains(t, f.raw(t, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "200 OK")
}
