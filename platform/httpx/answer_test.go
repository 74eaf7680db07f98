package httpx_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/httpx"
)

const shipPath = "/api/v1/user/ships/01934f4c-7d1c-7c62-9f6c-3a2b1c0d9e8"

func TestNothingInternalLeavesTheProcess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for last, want := range map[string]struct {
		status        int
		code, message string
	}{
		"0": {500, "internal_error", "something went wrong on our side"}, // a panic
		"1": {500, "internal_error", "something went wrong on our side"}, // a plain error
		"2": {503, "unavailable", "the service cannot do this now; try again"},
		"4": {503, "database_unavailable", "the database is away"},
	} {
		f.logs.TakeAll()
		r := f.user(t, http.MethodDelete, shipPath+last, "")
		require.Equal(t, want.status, r.StatusCode)
		body := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(r.text), &body))
		require.Equal(t, map[string]any{"error": map[string]any{
			"code": want.code, "message": want.message, "request_id": r.Header.Get("X-Request-ID"),
		}}, body, "neither details nor causes")

		lines := f.logs.All()
		require.Len(t, lines, 1, "one line per failed request")
		require.Equal(t, zap.ErrorLevel, lines[0].Level)
		fields := lines[0].ContextMap()
		require.Equal(t, r.Header.Get("X-Request-ID"), fields["request_id"])
		require.Equal(t, "deleteShip", fields["op"])
		require.Equal(t, goodID, fields["user_id"])
		require.NotEmpty(t, fields["error"])
	}
}

func TestAPanicIsLoggedWithItsPlaceAndTheServerLivesOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.user(t, http.MethodDelete, shipPath+"0", "")
	line := f.logs.FilterMessage("request failed").All()[0].ContextMap()["error"]
	require.Contains(t, line, "panicked: secret state")
	require.Contains(t, line, "ship_test.go")
	require.Equal(t, http.StatusNoContent, f.user(t, http.MethodDelete, shipPath+"f", "").StatusCode)
	require.Equal(t, 1, f.logs.FilterMessage("request failed").Len())
}

func TestWhatTheClientDidWrongIsNoLogLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.Equal(t, "ship_unknown", f.user(t, http.MethodGet, shipPath+"f", "").code(t))
	f.user(t, http.MethodGet, "/nowhere", "")
	require.Zero(t, f.logs.FilterMessage("request failed").Len())

	verbose := newFixture(t, func(s *setup) { s.level = zap.DebugLevel })
	verbose.user(t, http.MethodGet, shipPath+"f", "")
	require.Equal(t, 1, verbose.logs.FilterMessage("request failed").Len())
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	t.Parallel()
	r := newFixture(t).user(t, http.MethodDelete, shipPath+"3", "")
	require.Equal(t, http.StatusTooManyRequests, r.StatusCode)
	require.Equal(t, "2", r.Header.Get("Retry-After"))
}

func TestADetailThatIsNoJSONCostsTheDetailOnly(t *testing.T) {
	t.Parallel()
	r := newFixture(t).user(t, http.MethodDelete, shipPath+"5", "")
	require.Equal(t, http.StatusConflict, r.StatusCode)
	require.Equal(t, "ship_busy", r.code(t))
}

func TestAnEmptyAnswerHasNoBody(t *testing.T) {
	t.Parallel()
	r := newFixture(t).user(t, http.MethodDelete, shipPath+"f", "")
	require.Equal(t, http.StatusNoContent, r.StatusCode)
	require.Empty(t, r.text)
	require.Empty(t, r.Header.Get("Content-Type"))
	require.Empty(t, r.Header.Get("Content-Length"))
}

func TestOutsideARequestTheAccessorsAnswerNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	require.Zero(t, httpx.UserID(ctx))
	require.Zero(t, httpx.PrincipalOf(ctx))
	require.Empty(t, httpx.RequestID(ctx)+httpx.UserAgent(ctx)+httpx.IdempotencyKey(ctx))
	require.False(t, httpx.ClientIP(ctx).IsValid())
}

func TestAContextDerivedFromARequestIsCancelledWithIt(t *testing.T) {
	t.Parallel()
	parent, cancel := context.WithCancel(t.Context())
	ctx, stop := context.WithTimeout(httpx.WithCall(parent, "req-1", [16]byte{1}, httpx.Principal{Username: "root"}), time.Hour)
	defer stop()
	require.Equal(t, "req-1", httpx.RequestID(ctx))
	require.Equal(t, "root", httpx.PrincipalOf(ctx).Username)
	cancel()
	<-ctx.Done()
}
