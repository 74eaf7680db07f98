package httpx_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/httpx/gateway"
)

func TestSlowHeadersCloseTheConnection(t *testing.T) {
	t.Parallel()
	f, _ := newStoppedFixture(t)
	require.Equal(t, 5*time.Second, f.HTTP().ReadHeaderTimeout)
	f.HTTP().ReadHeaderTimeout = 50 * time.Millisecond
	require.NoError(t, f.Start(t.Context()))
	t.Cleanup(func() { _ = f.HTTP().Close() })
	got := f.raw(t, "GET /healthz HTTP/1.1\r\nHost: x\r\n") // and nothing more
	require.NotContains(t, got, "200 OK")
}

func TestASlowBodyIsTimedOutWithoutSocketAddresses(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(s *setup) { s.config.ReadTimeout = 100 * time.Millisecond })
	got := f.raw(t, "POST /api/v1/public/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{")
	require.Contains(t, got, "408 Request Timeout")
	require.Contains(t, got, `"code":"request_timeout"`)
	require.Contains(t, got, "Connection: close")
	_, body, _ := strings.Cut(got, "\r\n\r\n")
	require.NotContains(t, body, "127.0.0.1")
	require.NotContains(t, body, "i/o timeout")
}

func TestHugeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, headers := range map[string]string{
		"one of 2 MiB": "X-Filler: " + strings.Repeat("x", 2<<20) + "\r\n",
		"ten thousand": strings.Repeat("X-Filler: x\r\n", 10_000),
	} {
		got := f.raw(t, "GET /healthz HTTP/1.1\r\nHost: x\r\n"+headers+"\r\n")
		if got != "" { // the reset that follows the answer may overtake it
			require.Contains(t, got, "431", name)
		}
		require.NotContains(t, got, "200 OK", name)
	}
}

func TestAmbiguousFramingIsNeverTwoRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const smuggled = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
	post := "POST /api/v1/public/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, c := range map[string]struct{ text, want string }{
		"two lengths":      {post + "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" + smuggled, "400 Bad Request"},
		"list of lengths":  {post + "Content-Length: 2, 40\r\n\r\n{}" + smuggled, "400 Bad Request"},
		"length and more":  {post + "Content-Length: 2x\r\n\r\n{}" + smuggled, "400 Bad Request"},
		"negative length":  {post + "Content-Length: -1\r\n\r\n{}" + smuggled, "400 Bad Request"},
		"identity":         {post + "Transfer-Encoding: identity\r\n\r\n{}" + smuggled, "501"},
		"two encodings":    {post + "Transfer-Encoding: gzip, chunked\r\n\r\n{}" + smuggled, "501"},
		"no host":          {"GET /healthz HTTP/1.1\r\n\r\n" + smuggled, "400 Bad Request"},
		"two hosts":        {"GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + smuggled, "400 Bad Request"},
		"space in a name":  {"GET /healthz HTTP/1.1\r\nHost: x\r\nX-User-ID : y\r\n\r\n" + smuggled, "400 Bad Request"},
		"line feed inside": {"GET /healthz\nHTTP/1.1\r\nHost: x\r\n\r\n" + smuggled, "400 Bad Request"},
		"length, chunked": {post + "Connection: close\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n" +
			"c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n", "200 OK"}, // chunked wins, as RFC 9112 has it
	} {
		got := f.raw(t, c.text)
		require.Contains(t, got, c.want, name)
		require.Equal(t, 1, strings.Count(got, "HTTP/1.1 "), "%s: %s", name, got)
	}
}

func TestUnknownPathsAndMethodsAreAnsweredInTheEnvelope(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{
		"/", "/api", "/api/v1/user", "/api/v1/user/", "/api/v1/user/account/", "//api/v1/user/account", "/api/v1//user/account",
		"/API/v1/user/account", "/api/v1/user/nothing", "/healthz/", "/api/v2/user/account", "/api/v1/user/%61ccount/x", "/api/v1/user/account;x",
	} {
		r := f.user(t, http.MethodGet, path, "")
		require.Equal(t, http.StatusNotFound, r.StatusCode, path)
		require.Equal(t, "not_found", r.code(t))
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW", "PROPFIND"} {
		r := f.user(t, method, "/api/v1/user/account", "")
		require.Equal(t, http.StatusMethodNotAllowed, r.StatusCode, method)
		require.Equal(t, "method_not_allowed", r.code(t))
		require.Equal(t, "GET, HEAD", r.Header.Get("Allow"))
	}
	r := f.user(t, http.MethodOptions, "/api/v1/user/ships/"+goodID, "")
	require.ElementsMatch(t, []string{"DELETE", "GET", "HEAD", "PATCH"}, strings.Split(r.Header.Get("Allow"), ", "))
	require.Contains(t, f.raw(t, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), "404 Not Found")
	require.Contains(t, f.raw(t, "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\nConnection: close\r\n\r\n"), "404 Not Found")
}

func TestHeadAnswersAsGetDoesWithoutTheBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{
		"/healthz", "/readyz", "/version", "/openapi.yaml", "/docs", "/api/v1/user/account", "/api/v1/user/ships/" + goodID, "/api/v1/user/nothing",
	} {
		get, head := f.user(t, http.MethodGet, path, ""), f.user(t, http.MethodHead, path, "")
		require.Equal(t, get.StatusCode, head.StatusCode, path)
		require.Equal(t, get.Header.Get("Content-Type"), head.Header.Get("Content-Type"), path)
		require.NotEmpty(t, get.text, path)
		require.Empty(t, head.text, path)
	}
	require.Equal(t, http.StatusMethodNotAllowed, f.user(t, http.MethodHead, "/api/v1/user/ships/"+goodID+"/orders", "").StatusCode, "a path without GET")
}

func TestAPortInUseFailsTheStart(t *testing.T) {
	t.Parallel()
	first := newFixture(t)
	second, _ := newStoppedFixture(t, func(s *setup) { s.config.ListenAddr = first.Addr().String() })
	require.ErrorContains(t, second.Start(t.Context()), "listen on BACKEND_HTTP_LISTEN_ADDR")
	require.NoError(t, second.Stop(t.Context()), "a server that never ran can be stopped")
}

func TestTheServerIsHardened(t *testing.T) {
	t.Parallel()
	s, err := httpx.New(httpx.Config{ReadTimeout: 30 * time.Second, WriteTimeout: 31 * time.Second}, document,
		gateway.New(gateway.Config{}, gateway.TLSConfig{}), httpx.Gates{}, httpx.Telemetry{}, clock.System{}, nil, nil)
	require.NoError(t, err)
	h := s.HTTP()
	require.Equal(t, []any{5 * time.Second, 30 * time.Second, 31 * time.Second, time.Minute, 32 << 10},
		[]any{h.ReadHeaderTimeout, h.ReadTimeout, h.WriteTimeout, h.IdleTimeout, h.MaxHeaderBytes})
}
