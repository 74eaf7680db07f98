package httpx_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
)

func TestReadyzNamesEveryCheckAndKeepsItsAnswerForASecond(t *testing.T) {
	t.Parallel()
	now := clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	var asked atomic.Int32
	var down atomic.Bool
	f := newFixture(t, func(s *setup) {
		s.clock = now
		s.checks = []httpx.Check{
			{Name: "postgres", Check: func(context.Context) error {
				asked.Add(1)
				if down.Load() {
					return errors.New("dial 10.0.0.7: refused")
				}
				return nil
			}},
			{Name: "grpc", Check: func(context.Context) error { return nil }},
		}
	})
	for range 5 {
		r := f.do(t, http.MethodGet, "/readyz", "")
		require.Equal(t, http.StatusOK, r.StatusCode)
		require.JSONEq(t, `{"status":"ready","checks":{"grpc":"ok","postgres":"ok"}}`, r.text)
	}
	require.EqualValues(t, 1, asked.Load())

	down.Store(true)
	now.Advance(time.Second)
	r := f.do(t, http.MethodGet, "/readyz", "")
	require.Equal(t, http.StatusServiceUnavailable, r.StatusCode)
	require.JSONEq(t, `{"status":"unavailable","checks":{"grpc":"ok","postgres":"failed"}}`, r.text)
	require.Equal(t, http.StatusOK, f.do(t, http.MethodGet, "/healthz", "").StatusCode)

	down.Store(false)
	now.Set(now.Now().Add(-time.Hour)) // a clock that goes back does not freeze the answer
	require.Equal(t, http.StatusOK, f.do(t, http.MethodGet, "/readyz", "").StatusCode)
}

func TestAStopFailsReadinessFirstAndWaitsForRequestsUnderWay(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	f := newFixture(t, func(s *setup) {
		s.checks = []httpx.Check{{Name: "slow", Check: func(context.Context) error { close(entered); <-release; return nil }}}
	})
	answers := make(chan reply, 1)
	go func() { answers <- f.do(t, http.MethodGet, "/readyz", "") }()
	<-entered

	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 10*time.Second)
		defer cancel()
		stopped <- f.Stop(ctx)
	}()
	close(release)
	require.Equal(t, http.StatusOK, (<-answers).StatusCode, "the request under way is answered")
	require.NoError(t, <-stopped)
	_, err := http.Get(f.base + "/readyz") //nolint:noctx // there is nobody to answer
	require.Error(t, err)
	require.NoError(t, f.Stop(t.Context()), "a second stop does nothing")
	require.Equal(t, http.StatusServiceUnavailable, f.ask(http.MethodGet, "/readyz", "").Code)
	require.JSONEq(t, `{"status":"draining","checks":{}}`, f.ask(http.MethodGet, "/readyz", "").Body.String())
}

func TestAStopPastItsBudgetCutsTheConnections(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	f := newFixture(t, func(s *setup) {
		s.checks = []httpx.Check{{Name: "stuck", Check: func(context.Context) error { close(entered); <-release; return nil }}}
	})
	cut := make(chan error, 1)
	go func() {
		_, err := http.Get(f.base + "/readyz") //nolint:noctx // the server ends it
		cut <- err
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	go func() { cancel() }()
	err := make(chan error, 1)
	go func() { err <- f.Stop(ctx) }()
	require.Error(t, <-cut)
	close(release)
	require.ErrorIs(t, <-err, context.Canceled)
}

func TestTheDocumentIsServedAndRenderedWithoutTheInternet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.Equal(t, string(documentText), f.do(t, http.MethodGet, "/openapi.yaml", "").text)
	page := f.do(t, http.MethodGet, "/docs", "")
	require.Contains(t, page.Header.Get("Content-Type"), "text/html")
	require.NotRegexp(t, `(src|href)="https?://`, page.text)
	for _, asset := range []string{"swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js"} {
		require.Contains(t, page.text, "/docs/"+asset)
		require.Equal(t, http.StatusOK, f.ask(http.MethodGet, "/docs/"+asset, "").Code, asset)
	}
	require.Contains(t, f.do(t, http.MethodGet, "/version", "").text, `"go":"go1.`)
}
