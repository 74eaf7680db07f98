package httpx_test

import (
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/httpx"
)

func basic(username, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}

func as(role string) []string { return []string{"Authorization", basic(role, "pass word:"+role)} }

const sink = "/api/v1/admin/ships/01934f4c-7d1c-7c62-9f6c-3a2b1c0d9e8"

func TestMalformedCredentialsAreRefusedBeforeAnythingIsHashed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, headers := range map[string][]string{
		"absent": nil, "empty": {"Authorization", ""}, "scheme alone": {"Authorization", "Basic"}, "bearer": {"Authorization", "Bearer x"},
		"no base64":    {"Authorization", "Basic %%%"},
		"url base64":   {"Authorization", "Basic " + base64.URLEncoding.EncodeToString([]byte("a:\xff\xfe\xfd?>"))},
		"no colon":     {"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte("viewer"))},
		"no user":      {"Authorization", basic("", "x")},
		"no password":  {"Authorization", basic("viewer", "")},
		"73 bytes":     {"Authorization", basic("viewer", strings.Repeat("x", 73))},
		"long user":    {"Authorization", basic(strings.Repeat("x", 65), "x")},
		"10 KB":        {"Authorization", basic("viewer", strings.Repeat("x", 10_000))},
		"invalid text": {"Authorization", basic("viewer", "\xff")},
		"NUL":          {"Authorization", basic("viewer", "a\x00b")},
		"two headers":  {"Authorization", as("viewer")[1], "Authorization", as("viewer")[1]},
	} {
		r := f.do(t, http.MethodGet, "/api/v1/admin/me", "", headers...)
		require.Equal(t, http.StatusUnauthorized, r.StatusCode, name)
		require.Equal(t, `Basic realm="galaxy-admin"`, r.Header.Get("WWW-Authenticate"), name)
		require.Equal(t, "unauthenticated", r.code(t))
	}
	require.Zero(t, f.logins)
	require.Empty(t, f.audits, "reads are not audited")

	r := f.do(t, http.MethodGet, "/api/v1/admin/me", "", "Authorization", basic("viewer", "wrong"))
	require.Equal(t, "credentials_wrong", r.code(t))
	require.Equal(t, `Basic realm="galaxy-admin"`, r.Header.Get("WWW-Authenticate"))
	require.Equal(t, http.StatusOK, f.do(t, http.MethodGet, "/api/v1/admin/me", "", "Authorization", strings.Replace(as("viewer")[1], "Basic", "bAsIc", 1)).StatusCode)
	require.Equal(t, httpx.Principal{Username: "viewer", Role: httpx.Viewer}, httpx.PrincipalOf(f.lastCtx))
	require.Equal(t, 2, f.logins)
}

func TestARouteAsksForItsRoleAndHigherOnesDo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.Equal(t, http.StatusForbidden, f.do(t, http.MethodPost, sink+"f/sink", "", as("viewer")...).StatusCode)
	require.Equal(t, http.StatusNoContent, f.do(t, http.MethodPost, sink+"f/sink", "", as("operator")...).StatusCode)
	require.Equal(t, http.StatusNoContent, f.do(t, http.MethodPost, sink+"f/sink", "", as("admin")...).StatusCode)
	require.Equal(t, http.StatusOK, f.do(t, http.MethodGet, "/api/v1/admin/me", "", as("operator")...).StatusCode)
}

func TestEveryRefusedMutationIsReportedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		last    string
		headers []string
		status  int
		reason  string
		actor   string
		role    httpx.Role
	}{
		{"f", nil, 401, "unauthenticated", "", 0},
		{"f", []string{"Authorization", basic("viewer", "wrong")}, 401, "credentials_wrong", "viewer", 0},
		{"f", []string{"Authorization", basic("busy", "x")}, 429, "throttled", "busy", 0},
		{"f", as("viewer"), 403, "forbidden", "viewer", httpx.Viewer},
		{"0", as("operator"), 500, "internal_error", "operator", httpx.Operator},
		{"5", as("operator"), 409, "ship_busy", "operator", httpx.Operator},
		{"x", as("operator"), 400, "invalid_request", "operator", httpx.Operator},
	} {
		f.audits = nil
		r := f.do(t, http.MethodPost, sink+c.last+"/sink", "", append(c.headers, "X-Request-ID", "req-1")...)
		require.Equal(t, c.status, r.StatusCode, r.text)
		require.Equal(t, []httpx.AuditEntry{{
			Actor: c.actor, Role: c.role, Op: "sinkShip", Target: strings.TrimPrefix(sink, "/api/v1/admin/") + c.last + "/sink",
			RequestID: "req-1", Source: netip.MustParseAddr("127.0.0.1"), Status: c.status, Reason: c.reason,
		}}, f.audits)
	}
	f.audits = nil
	f.do(t, http.MethodPost, sink+"f/sink", "", as("operator")...)
	require.Empty(t, f.audits, "a success is its domain's to record")
}

func TestAMutationThatSucceedsHasExactlyOneAuditRow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for last, rows := range map[string]any{"a": nil, "b": int32(2), "f": int32(0)} {
		require.Equal(t, http.StatusNoContent, f.do(t, http.MethodPost, sink+last+"/sink", "", append(as("operator"), "X-Request-ID", last)...).StatusCode)
		said := f.logs.FilterMessage(httpx.Unaudited).FilterField(zap.String("request_id", last)).All()
		if rows == nil {
			require.Empty(t, said)
			continue
		}
		require.Len(t, said, 1)
		require.Equal(t, rows, said[0].ContextMap()["rows"])
	}
}

func TestRolesHaveNames(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]httpx.Role{"viewer": httpx.Viewer, "operator": httpx.Operator, "admin": httpx.Administrator} {
		var got httpx.Role
		require.NoError(t, got.UnmarshalText([]byte(name)))
		require.Equal(t, role, got)
		text, err := got.MarshalText()
		require.NoError(t, err)
		require.Equal(t, name, string(text))
	}
	_, err := httpx.ParseRole("")
	require.Error(t, err)
	require.Equal(t, "role(9)", httpx.Role(9).String())
}

func FuzzBasic(f *testing.F) {
	f.Add(basic("viewer", "x"))
	f.Add("Basic ")
	f.Fuzz(func(t *testing.T, header string) {
		username, password, ok := httpx.ParseBasic(header)
		if ok && (username == "" || password == "" || len(password) > 72 || strings.ContainsAny(username+password, "\x00\n\r")) {
			t.Fatalf("accepted %q", header)
		}
	})
}
