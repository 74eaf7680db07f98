//go:build integration

package integration

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
	pushv1 "galaxy/backend/proto/push/v1"
)

// codePattern matches a line of its own: part of a UUID may look the same.
var codePattern = regexp.MustCompile(`(?m)^ +([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})$`)

func codeIn(text string) string {
	if found := codePattern.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// TestSIGTERMFinishesWhatIsUnderWayInTheDocumentedOrder has one request, one mail
// and one stream in progress, and more requests being sent, when the signal arrives.
func TestSIGTERMFinishesWhatIsUnderWayInTheDocumentedOrder(t *testing.T) {
	f := newFixture(t)
	b := f.start().ready()
	conn, err := grpc.NewClient(b.push, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	stream, err := pushv1.NewPushClient(conn).SubscribePush(t.Context(), &pushv1.GatewaySubscribeRequest{GatewayClientId: "gw"})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(b.log.String(), "gateway subscribed") }, waitLimit, 10*time.Millisecond)

	f.inbox.Use(smtpsink.Rule{At: smtpsink.End, Delay: 2 * time.Second}) // a slow relay
	b.api().Post("/api/v1/public/auth/send-email-code", map[string]string{"email": "ada@example.com", "language": "en"}).Want(http.StatusOK)
	require.Eventually(t, func() bool { return f.inbox.Seen(smtpsink.Data) > 0 }, waitLimit, 5*time.Millisecond, "the mail is on its way")

	release, answer := b.blockedRequest()
	stop := sendRequests(b)
	require.NoError(t, b.cmd.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { return strings.Contains(b.log.String(), "backend is stopping") }, waitLimit, time.Millisecond)
	release()
	require.Equal(t, "200 OK", <-answer, "the request under way was answered")
	require.Zero(t, b.waitExit())
	require.Len(t, f.inbox.All(), 1, "the mail that was on its way arrived")
	_, err = stream.Recv()
	require.Equal(t, codes.Unavailable, status.Code(err), "the stream was ended, not cut")
	require.Empty(t, stop(), "requests failed in an unexpected way")
	requireOrder(t, b.log.String(), "http listener", "mail outbox", "push streams", "postgres", "telemetry")
}

// blockedRequest sends a request that is not answered before release is called: it
// waits for a table lock.
func (b *backend) blockedRequest() (release func(), answer <-chan string) {
	b.Helper()
	holder, watcher := testkit.Conn(b, b.dsn), testkit.Conn(b, b.dsn)
	tx, err := holder.Begin(b.Context())
	require.NoError(b, err)
	_, err = tx.Exec(b.Context(), "LOCK TABLE admin_audit IN ACCESS EXCLUSIVE MODE")
	require.NoError(b, err)
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, "http://"+b.rest+"/api/v1/admin/audit", nil)
	require.NoError(b, err)
	req.SetBasicAuth(adminUser, adminPassword)
	done := make(chan string, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			done <- err.Error()
			return
		}
		_ = resp.Body.Close()
		done <- resp.Status
	}()
	require.Eventually(b, func() bool {
		var waiting int
		err := watcher.QueryRow(b.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%admin_audit%'").Scan(&waiting)
		return err == nil && waiting > 0
	}, waitLimit, 10*time.Millisecond, "the request never reached its handler")
	return func() { require.NoError(b, tx.Rollback(context.Background())) }, done
}

// sendRequests sends requests until the listener closes. The result lists how
// requests failed, except for the ways in which a closing net/http server fails
// them: connection refused, connection reset before it was accepted, and EOF for a
// request that was read but not handled.
func sendRequests(b *backend) (failures func() []string) {
	var mu sync.Mutex
	var unexpected []string
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: waitLimit}
			for {
				select {
				case <-stop:
					return
				default:
				}
				resp, err := client.Get("http://" + b.rest + "/version")
				if err != nil {
					if !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
						mu.Lock()
						unexpected = append(unexpected, err.Error())
						mu.Unlock()
					}
					return
				}
				_ = resp.Body.Close()
			}
		})
	}
	return func() []string { close(stop); wg.Wait(); return unexpected }
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
	f := newFixture(t)
	first := f.start().ready()
	second := f.start()
	second.awaitStatus("/healthz", http.StatusOK)
	second.awaitStatus("/readyz", http.StatusServiceUnavailable)
	require.Eventually(t, func() bool { return strings.Contains(second.log.String(), "waiting as its standby") }, waitLimit, 10*time.Millisecond)
	first.kill()
	second.ready()
	second.operator().Get("/api/v1/admin/me").Want(http.StatusOK)
	require.Zero(t, second.terminate())
}

func TestAKilledBackendSendsItsPendingMailAfterARestart(t *testing.T) {
	f := newFixture(t)
	b := f.start().ready()
	f.inbox.Use(smtpsink.Rule{At: smtpsink.Connect, Reply: "421 4.3.2 closing"}) // nothing is sent before the kill
	const mails = 20
	for i := range mails {
		b.api().Post("/api/v1/public/auth/send-email-code", map[string]string{"email": fmt.Sprintf("user%d@example.com", i), "language": "en"}).Want(http.StatusOK)
	}
	b.kill()
	f.inbox.Use()
	again := f.start().ready()
	for i := range mails {
		to := fmt.Sprintf("user%d@example.com", i)
		require.Eventually(t, func() bool { return len(f.inbox.To(to)) == 1 }, waitLimit, 10*time.Millisecond, to)
	}
	require.Zero(t, again.terminate())
}

func TestABackendThatCannotStartLogsTheReasonAndDoesNotListen(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]struct {
		change, says string
		code         int
	}{
		"no country database": {"BACKEND_GEOIP_DB_PATH=/nowhere/country.mmdb", "BACKEND_GEOIP_DB_PATH", 1},
		"a wrong number":      {"BACKEND_POSTGRES_MAX_CONNS=hunter2", "BACKEND_POSTGRES_MAX_CONNS", 2},
		"no search path":      {"BACKEND_POSTGRES_DSN=postgres://galaxy:hunter2@127.0.0.1:1/galaxy", "BACKEND_POSTGRES_DSN must include search_path", 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := (&fixture{T: t, dsn: f.dsn, inbox: f.inbox, network: f.network, stateRoot: f.stateRoot, countryDB: f.countryDB}).start(c.change)
			require.Equal(t, c.code, b.waitExit())
			require.Contains(t, b.log.String(), c.says)
			require.NotContains(t, b.log.String(), "hunter2")
			_, err := http.Get("http://" + b.rest + "/healthz")
			require.Error(t, err)
		})
	}
}
