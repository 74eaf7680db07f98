package httpx_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/httpx/gateway"
	"galaxy/backend/platform/secret"
)

const (
	gatewaySecret = "the current secret"
	formerSecret  = "the secret before"
)

func guarded(s *setup) {
	s.guard = gateway.New(gateway.Config{Secret: secret.New(gatewaySecret), SecretPrevious: secret.New(formerSecret)}, gateway.TLSConfig{})
}

// A request that is wrong in every way is mended one thing at a time: each
// time the next check in the order answers.
func TestChecksRunInTheDocumentedOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t, guarded)
	path, body := "/api/v1/user/ships/NOT-AN-ID", strings.Repeat(" ", 64<<10)+"{"
	headers := map[string]string{"Content-Type": "text/plain", "X-User-ID": "somebody"}
	for _, step := range []struct {
		status int
		code   string
		mend   func()
	}{
		{413, "body_too_large", func() { body = `{"name":1,"name":1` }},
		{415, "unsupported_media_type", func() { headers["Content-Type"] = "application/json" }},
		{401, "gateway_unauthenticated", func() { headers[gateway.Header] = gatewaySecret }},
		{401, "unauthenticated", func() { headers["X-User-ID"] = unknownID }},
		{401, "user_unknown", func() { headers["X-User-ID"] = blockedID }},
		{403, "account_blocked", func() { headers["X-User-ID"] = goodID }},
		{400, "invalid_request", func() { path = "/api/v1/user/ships/" + goodID }}, // the path
		{400, "invalid_request", func() { headers["If-Match"] = `"1"` }},           // a header
		{400, "invalid_request", func() { body = `{"name":1,"warp":9}` }},          // the syntax
		{400, "invalid_request", func() { body = `{"name":1}` }},                   // a field too many
		{422, "validation_failed", func() { body = `{"name":"Aurora"}` }},          // the schema
		{200, "", func() {}},
	} {
		var list []string
		for k, v := range headers {
			list = append(list, k, v)
		}
		r := f.do(t, http.MethodPatch, path, body, list...)
		require.Equal(t, step.status, r.StatusCode, r.text)
		if step.code != "" {
			require.Equal(t, step.code, r.code(t))
		}
		step.mend()
	}
}

func TestWithoutTheGatewayCredentialNoSurfaceAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t, guarded)
	for _, path := range []string{"/api/v1/internal/ping", "/api/v1/user/account", "/api/v1/admin/me"} {
		for name, headers := range map[string][]string{
			"none": nil, "wrong": {gateway.Header, "the current secre"}, "empty": {gateway.Header, ""},
			"both": {gateway.Header, gatewaySecret, gateway.Header, formerSecret},
		} {
			r := f.do(t, http.MethodGet, path, "", append(headers, "X-User-ID", goodID)...)
			require.Equal(t, http.StatusUnauthorized, r.StatusCode, "%s %s", path, name)
			require.Equal(t, "gateway_unauthenticated", r.code(t))
		}
	}
	r := f.do(t, http.MethodPost, "/api/v1/public/echo", `{"name":"x"}`, "Content-Type", "application/json")
	require.Equal(t, "gateway_unauthenticated", r.code(t))
	require.Nil(t, f.last)
	require.Zero(t, f.logins)

	for _, s := range []string{gatewaySecret, formerSecret} {
		require.Equal(t, http.StatusOK, f.user(t, http.MethodGet, "/api/v1/user/account", "", gateway.Header, s).StatusCode)
	}
	require.Equal(t, http.StatusOK, f.do(t, http.MethodGet, "/healthz", "").StatusCode, "probes have no credential")
}

func TestTheUserHeaderIsOneCanonicalID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, headers := range map[string][]string{
		"missing": nil, "empty": {"X-User-ID", ""}, "no UUID": {"X-User-ID", "42"},
		"list":       {"X-User-ID", goodID + "," + goodID},
		"two":        {"X-User-ID", goodID, "X-User-ID", goodID},
		"upper case": {"X-User-ID", strings.ToUpper(goodID)},
		"urn":        {"X-User-ID", "urn:uuid:" + goodID},
		"braces":     {"X-User-ID", "{" + goodID + "}"},
		"32 hex":     {"X-User-ID", strings.ReplaceAll(goodID, "-", "")},
		"nil":        {"X-User-ID", "00000000-0000-0000-0000-000000000000"},
	} {
		r := f.do(t, http.MethodGet, "/api/v1/user/account", "", headers...)
		require.Equal(t, http.StatusUnauthorized, r.StatusCode, name)
		require.Equal(t, "unauthenticated", r.code(t))
		require.Empty(t, r.Header.Get("WWW-Authenticate"))
	}
	require.Empty(t, f.seen, "only admitted requests are counted")
	require.Equal(t, "user_unknown", f.do(t, http.MethodGet, "/api/v1/user/account", "", "X-User-ID", unknownID).code(t))
	require.Equal(t, http.StatusForbidden, f.do(t, http.MethodGet, "/api/v1/user/account", "", "X-User-ID", blockedID).StatusCode)
	require.Equal(t, http.StatusOK, f.user(t, http.MethodGet, "/api/v1/user/account", "").StatusCode)
	require.Len(t, f.seen, 1)
}

func TestAStrayUserHeaderIsIgnoredAndNoticed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.user(t, http.MethodPost, "/api/v1/public/echo", `{"name":"x"}`)
	require.Equal(t, http.StatusOK, r.StatusCode)
	require.Zero(t, userOf(f))
	require.Equal(t, http.StatusUnauthorized, f.user(t, http.MethodGet, "/api/v1/admin/me", "").StatusCode)
	require.Len(t, f.logs.FilterMessage("anomaly noticed").All(), 1, "once a minute")
}
