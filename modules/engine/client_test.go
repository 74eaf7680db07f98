package engine_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"

	"galaxy/backend/modules/engine"
	"galaxy/backend/platform/httpx"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestEveryCallGoesToTheEngineOfTheGame(t *testing.T) {
	t.Parallel()
	c, asked := newClient(t, respond(http.StatusOK, running(3)))
	_, err := c.Status(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, "galaxy-game-"+game.String()+":8080", <-asked)
}

func TestEveryCallIsThatOfTheContract(t *testing.T) {
	t.Parallel()
	type seen struct{ method, path, body string }
	calls := make(chan seen, 1)
	answers := map[string]any{
		enginev1.PathInit: running(0), enginev1.PathStatus: running(3),
		enginev1.PathTurn:    enginev1.TurnResponse{Turn: 4, Status: running(4)},
		enginev1.PathBanish:  enginev1.BanishResponse{RaceName: "Zorg"},
		enginev1.PathCommand: enginev1.CommandResponse{RaceName: "Zorg", CommandID: "c1"},
		enginev1.PathOrder:   enginev1.OrderResponse{RaceName: "Zorg"},
		enginev1.PathHealthz: enginev1.Health{Status: enginev1.HealthOK},
		enginev1.PathReport:  report(),
	}
	c, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- seen{r.Method, r.URL.RequestURI(), string(body)}
		respond(http.StatusOK, answers[r.URL.Path])(w, r)
	})
	ctx, turn := t.Context(), 3
	for _, row := range []struct {
		call func() error
		want seen
	}{
		{func() error {
			_, err := c.Init(ctx, game, enginev1.InitRequest{ContractVersion: 1, GameID: "x"})
			return err
		},
			seen{"POST", "/api/v1/admin/init", `{"contract_version":1,"game_id":"x","races":null}`}},
		{func() error { _, err := c.Status(ctx, game); return err }, seen{"GET", "/api/v1/admin/status", ""}},
		{func() error { _, err := c.Turn(ctx, game, 4); return err }, seen{"PUT", "/api/v1/admin/turn", `{"turn":4}`}},
		{func() error { _, err := c.Banish(ctx, game, "Zorg", "left"); return err },
			seen{"POST", "/api/v1/admin/race/banish", `{"race_name":"Zorg","reason":"left"}`}},
		{func() error {
			_, err := c.Command(ctx, game, enginev1.CommandRequest{RaceName: "Zorg", Turn: 3, CommandID: "c1", Command: json.RawMessage(`{}`)})
			return err
		}, seen{"PUT", "/api/v1/command", `{"race_name":"Zorg","turn":3,"command_id":"c1","command":{}}`}},
		{func() error {
			_, err := c.Order(ctx, game, enginev1.OrderRequest{RaceName: "Zorg", Turn: 3})
			return err
		},
			seen{"PUT", "/api/v1/order", `{"race_name":"Zorg","turn":3,"orders":[]}`}},
		{func() error { return c.Health(ctx, game) }, seen{"GET", "/healthz", ""}},
		{func() error { _, err := c.Report(ctx, game, engine.ReportQuery{Race: "Zorg", Turn: &turn}); return err },
			seen{"GET", "/api/v1/report?race=Zorg&turn=3", ""}},
	} {
		require.NoError(t, row.call())
		require.Equal(t, row.want, <-calls)
	}
}

func TestTheRequestIsTraced(t *testing.T) { //nolint:paralleltest // sets the process's propagator
	otel.SetTextMapPropagator(propagation.TraceContext{})
	otel.SetTracerProvider(trace.NewTracerProvider())
	got := make(chan http.Header, 1)
	c, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header
		respond(http.StatusOK, running(3))(w, r)
	})
	ctx := httpx.WithCall(t.Context(), "req-1", uuid.Nil, httpx.Principal{})
	_, err := c.Status(ctx, game)
	require.NoError(t, err)
	h := <-got
	require.Equal(t, "req-1", h.Get("X-Request-Id"))
	require.Regexp(t, `^00-[0-9a-f]{32}-[0-9a-f]{16}-01$`, h.Get("Traceparent"))
	require.Empty(t, h.Get("Accept-Encoding"), "a compressed answer would have to be unpacked")
}

func TestBeforeInitTheStatusNamesNoGame(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, respond(http.StatusOK, enginev1.Status{ContractVersion: 1, EngineVersion: "0.1.0", State: enginev1.StateUninitialized}))
	s, err := c.Status(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, enginev1.StateUninitialized, s.State)
}

func TestAnUnhealthyEngineNamesTheReason(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		health enginev1.Health
		want   error
	}{
		{enginev1.Health{Status: enginev1.HealthShuttingDown}, engine.ErrShuttingDown},
		{enginev1.Health{Status: enginev1.HealthFailed, Reason: enginev1.CodeStateCorrupt}, engine.ErrStateCorrupt},
		{enginev1.Health{Status: enginev1.HealthFailed, Reason: enginev1.CodeStorageUnavailable}, engine.ErrStorageUnavailable},
		{enginev1.Health{Status: enginev1.HealthFailed}, engine.ErrFailed},
	} {
		c, _ := newClient(t, respond(http.StatusServiceUnavailable, row.health))
		require.ErrorIs(t, c.Health(t.Context(), game), row.want)
	}
}

func TestAReportIsPassedOnAsTheEngineWroteIt(t *testing.T) {
	t.Parallel()
	raw, err := json.MarshalIndent(report(), "", " ")
	require.NoError(t, err)
	c, _ := newClient(t, func(w http.ResponseWriter, r *http.Request) {
		headers(w, game.String())
		w.Header().Set("ETag", `"abc"`)
		w.Header().Set("Cache-Control", "private, max-age=86400")
		if r.Header.Get("If-None-Match") == `"abc"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		if r.Header.Get("Accept") == engine.TextReport {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = w.Write([]byte("Zorg\n"))
			return
		}
		_, _ = w.Write(raw)
	})
	got, err := c.Report(t.Context(), game, engine.ReportQuery{Race: "Zorg"})
	require.NoError(t, err)
	want := engine.Report{Status: 200, ContentType: "application/json; charset=utf-8", ETag: `"abc"`, CacheControl: "private, max-age=86400", Body: raw}
	require.Equal(t, want, got)

	text, err := c.Report(t.Context(), game, engine.ReportQuery{Race: "Zorg", Accept: engine.TextReport})
	require.NoError(t, err)
	require.Equal(t, "Zorg\n", string(text.Body))

	unchanged, err := c.Report(t.Context(), game, engine.ReportQuery{Race: "Zorg", IfNoneMatch: `"abc"`})
	require.NoError(t, err)
	require.Equal(t, http.StatusNotModified, unchanged.Status)
	require.Empty(t, unchanged.Body)
}

func TestBadTimeoutsAreRefused(t *testing.T) {
	t.Parallel()
	err := engine.Config{CallTimeout: 0, ProbeTimeout: -1}.Validate()
	require.ErrorContains(t, err, "BACKEND_ENGINE_CALL_TIMEOUT")
	require.ErrorContains(t, err, "BACKEND_ENGINE_PROBE_TIMEOUT")
}

func TestAReportThatTheEngineRefusesIsTheFaultOfTheContract(t *testing.T) {
	t.Parallel()
	turn := 99
	c, _ := newClient(t, refuses(http.StatusNotFound, enginev1.CodeTurnNotFound, nil))
	got, err := c.Report(t.Context(), game, engine.ReportQuery{Race: "Zorg", Turn: &turn})
	require.ErrorIs(t, err, engine.ErrTurnNotFound)
	require.ErrorContains(t, err, "report of game "+game.String())
	require.Zero(t, got)
}

func TestATextReportMustBeUTF8(t *testing.T) {
	t.Parallel()
	c, _ := newClient(t, func(w http.ResponseWriter, _ *http.Request) {
		headers(w, game.String())
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("Zorg\xff\n"))
	})
	_, err := c.Report(t.Context(), game, engine.ReportQuery{Race: "Zorg", Accept: engine.TextReport})
	require.ErrorIs(t, err, engine.ErrBadResponse)
}
