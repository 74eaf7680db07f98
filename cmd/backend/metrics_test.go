package main

import (
	"bufio"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

// scrape reads /metrics and adds up each name over its labels.
func scrape(t *testing.T, addr string) map[string]float64 {
	t.Helper()
	sums := map[string]float64{}
	for _, line := range series(t, addr) {
		name, value := line[:strings.IndexAny(line, "{ ")], line[strings.LastIndexByte(line, ' ')+1:]
		v, err := strconv.ParseFloat(value, 64)
		require.NoError(t, err, line)
		sums[name] += v
	}
	return sums
}

// series are the lines of /metrics that hold a value.
func series(t *testing.T, addr string) []string {
	t.Helper()
	resp, err := http.Get("http://" + addr + "/metrics")
	require.NoError(t, err)
	defer func() { _ = resp.Body.Close() }()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	var out []string
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if line := lines.Text(); line != "" && line[0] != '#' {
			out = append(out, line)
		}
	}
	return out
}

// signals are the metrics that every release has to have, with their
// labels.
var signals = map[string][]string{
	"http_requests_total":           {"group", "method", "path", "status"},
	"http_request_duration_seconds": {"group", "method", "path", "status"},
	"grpc_push_subscribers":         nil,
	"grpc_push_events_total":        {"kind"},
	"grpc_push_dropped_total":       {"gateway_client_id"},
	"mail_outbox_depth":             {"state"},
	"mail_attempts_total":           {"outcome"},
	"mail_dead_letters_total":       nil,
	"notification_intents_total":    {"kind", "outcome"},
	"notification_routes_total":     {"channel"},
	"runtime_container_ops_total":   {"op", "outcome"},
	"runtime_health_probes_total":   {"outcome"},
	"geo_lookups_total":             {"outcome"},
	"db_pool_acquires_total":        nil,
	"db_pool_in_use":                nil,
	"db_pool_waits_total":           nil,
}

// provoked names the two that no child without an engine and without a gateway
// that hangs can show; the tests of their modules do.
var provoked = []string{"runtime_health_probes_total", "grpc_push_dropped_total"}

func TestEverySignalOfTheDescriptionIsOnThePage(t *testing.T) {
	t.Parallel()
	metrics := testkit.FreeAddr(t)
	p := testkit.Postgres(t)
	hire(t, testkit.Conn(t, p.DSN))
	w := newWorld(t, p.DSN, "BACKEND_OTEL_METRICS_EXPORTER=prometheus", "BACKEND_OTEL_PROMETHEUS_LISTEN_ADDR="+metrics)
	b := w.start().ready()
	b.registersAnEngine()
	ada, bob := b.signsIn("ada@example.com"), b.signsIn("bob@example.com")
	w.inbox.Use(smtpsink.Rule{At: smtpsink.Rcpt, Contains: "nobody@", Reply: "550 5.1.1 no such user"})
	b.asksForACode("nobody@example.com").Want(http.StatusOK)
	b.inviteByName(ada, bob)
	ada.Post("/api/v1/user/sessions/revoke-all", nil).Want(http.StatusOK)

	require.Eventually(t, func() bool { return scrape(t, metrics)["mail_dead_letters_total"] > 0 }, patience, 10*time.Millisecond)
	page := series(t, metrics)
	for name, labels := range signals {
		i := slices.IndexFunc(page, func(line string) bool {
			return line[:strings.IndexAny(line, "{ ")] == name || strings.HasPrefix(line, name+"_count{")
		})
		if slices.Contains(provoked, name) {
			continue
		}
		require.GreaterOrEqual(t, i, 0, "%s is not there", name)
		for _, label := range labels {
			require.Contains(t, page[i], label+`="`, name)
		}
	}
}

// registersAnEngine makes an engine that is never started the default one.
func (b *backend) registersAnEngine() {
	b.Helper()
	b.operator().Post("/api/v1/admin/engine-versions", map[string]string{"version": "0.1.0", "image_ref": "engine:0.1.0"}).Want(http.StatusCreated)
	b.operator().Post("/api/v1/admin/engine-versions/0.1.0/default", nil).Want(http.StatusOK)
}

// inviteByName has one user invite another into a private game.
func (b *backend) inviteByName(owner, guest *testkit.API) {
	b.Helper()
	type game struct {
		ID string `json:"game_id"`
	}
	g := testkit.Into[game](owner.Post("/api/v1/user/lobby/games", map[string]any{
		"name": "Signals", "min_players": 2, "max_players": 2, "turns": map[string]any{"mode": "manual"},
	}).Want(http.StatusCreated))
	at := "/api/v1/user/lobby/games/" + g.ID
	owner.Post(at+"/open", nil).Want(http.StatusOK)
	type account struct {
		UserName string `json:"user_name"`
	}
	who := testkit.Into[account](guest.Get("/api/v1/user/account").Want(http.StatusOK))
	owner.Post(at+"/invites", map[string]string{"user_name": who.UserName}).Want(http.StatusCreated)
}
