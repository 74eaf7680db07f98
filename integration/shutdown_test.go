//go:build integration

package integration

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"galaxy/backend/platform/smtpsink"
	pushv1 "galaxy/backend/proto/push/v1"
)

// codePattern wants a line of its own: within a UUID eight digits may look the same.
var codePattern = regexp.MustCompile(`(?m)^ +([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})$`)

func codeIn(text string) string {
	if found := codePattern.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// TestSIGTERMFinishesWhatIsUnderWayInTheDocumentedOrder has one mail and one
// stream in flight, and requests coming, when the signal arrives.
func TestSIGTERMFinishesWhatIsUnderWayInTheDocumentedOrder(t *testing.T) {
	w := newWorld(t)
	b := w.start().ready()
	conn, err := grpc.NewClient(b.push, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	stream, err := pushv1.NewPushClient(conn).SubscribePush(t.Context(), &pushv1.GatewaySubscribeRequest{GatewayClientId: "gw"})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(b.log.String(), "gateway subscribed") }, patience, 10*time.Millisecond)

	w.inbox.Use(smtpsink.Rule{At: smtpsink.End, Delay: 2 * time.Second}) // a relay that takes its time
	b.api().Post("/api/v1/public/auth/send-email-code", map[string]string{"email": "ada@example.com", "language": "en"}).Want(http.StatusOK)
	require.Eventually(t, func() bool { return w.inbox.Seen(smtpsink.Data) > 0 }, patience, 5*time.Millisecond, "the mail is on its way")

	answered := flood(b)
	code := b.terminate()
	require.Zero(t, code)
	require.Len(t, w.inbox.All(), 1, "the mail that was on its way arrived")
	_, err = stream.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err), "the stream was ended, not cut")
	require.Empty(t, answered(), "no accepted request went without an answer")
	requireOrder(t, b.log.String(), "http listener", "mail outbox", "push streams", "postgres", "telemetry")
}

// flood sends requests until the listener closes. The result tells of requests
// that were accepted and then dropped.
func flood(b *backend) (dropped func() []string) {
	var mu sync.Mutex
	var lost []string
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, err := client.Get("http://" + b.rest + "/version")
				if err != nil {
					if !strings.Contains(err.Error(), "connection refused") && !strings.Contains(err.Error(), "connection reset") {
						mu.Lock()
						lost = append(lost, err.Error())
						mu.Unlock()
					}
					return
				}
				_ = resp.Body.Close()
			}
		})
	}
	return func() []string { close(stop); wg.Wait(); return lost }
}

// requireOrder checks that components stopped in this order.
func requireOrder(t *testing.T, log string, names ...string) {
	t.Helper()
	var stopped []string
	for line := range strings.Lines(log) {
		var entry struct {
			Msg       string `json:"msg"`
			Component string `json:"component"`
		}
		if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg == "component stopped" && slices.Contains(names, entry.Component) {
			stopped = append(stopped, entry.Component)
		}
	}
	require.Equal(t, names, stopped)
}

func TestASecondBackendWaitsAsAStandbyAndTakesOver(t *testing.T) {
	w := newWorld(t)
	first := w.start().ready()
	second := w.start()
	second.answers("/healthz", http.StatusOK)
	second.answers("/readyz", http.StatusServiceUnavailable)
	require.Eventually(t, func() bool { return strings.Contains(second.log.String(), "waiting as its standby") }, patience, 10*time.Millisecond)
	first.kill()
	second.ready()
	second.operator().Get("/api/v1/admin/me").Want(http.StatusOK)
	require.Zero(t, second.terminate())
}

func TestAKilledBackendComesBackWithEverythingItPromised(t *testing.T) {
	w := newWorld(t)
	b := w.start().ready()
	w.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"}) // nothing leaves before the kill
	const mails = 20
	for i := range mails {
		b.api().Post("/api/v1/public/auth/send-email-code", map[string]string{"email": fmt.Sprintf("user%d@example.com", i), "language": "en"}).Want(http.StatusOK)
	}
	b.kill()
	w.inbox.Use()
	again := w.start().ready()
	for i := range mails {
		to := fmt.Sprintf("user%d@example.com", i)
		require.Eventually(t, func() bool { return len(w.inbox.To(to)) == 1 }, patience, 10*time.Millisecond, to)
	}
	require.Zero(t, again.terminate())
}

func TestABackendThatCannotStartSaysWhyAndOpensNothing(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		change, says string
		code         int
	}{
		"no country database": {"BACKEND_GEOIP_DB_PATH=/nowhere/country.mmdb", "BACKEND_GEOIP_DB_PATH", 1},
		"a wrong number":      {"BACKEND_POSTGRES_MAX_CONNS=hunter2", "BACKEND_POSTGRES_MAX_CONNS", 2},
		"no search path":      {"BACKEND_POSTGRES_DSN=postgres://galaxy:hunter2@127.0.0.1:1/galaxy", "BACKEND_POSTGRES_DSN must include search_path", 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := (&world{T: t, dsn: w.dsn, inbox: w.inbox, network: w.network, games: w.games, country: w.country}).start(c.change)
			require.Equal(t, c.code, b.ended())
			require.Contains(t, b.log.String(), c.says)
			require.NotContains(t, b.log.String(), "hunter2")
			_, err := http.Get("http://" + b.rest + "/healthz")
			require.Error(t, err)
		})
	}
}
