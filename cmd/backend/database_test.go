package main

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

// ledger is what the outside was promised: the addresses whose request was
// answered with success.
type ledger struct {
	mu     sync.Mutex
	acked  []string
	failed atomic.Int64
}

// load asks for codes from n sides until stop is called, which waits.
func (b *backend) load(n int) (l *ledger, stop func()) {
	l = &ledger{}
	quit := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
			defer client.CloseIdleConnections()
			for k := 0; ; k++ {
				select {
				case <-quit:
					return
				default:
				}
				address := fmt.Sprintf("player-%d-%d@example.com", i, k)
				if askForACode(client, b.rest, address) == http.StatusOK {
					l.mu.Lock()
					l.acked = append(l.acked, address)
					l.mu.Unlock()
				} else {
					l.failed.Add(1)
				}
			}
		})
	}
	return l, sync.OnceFunc(func() { close(quit); wg.Wait() })
}

func askForACode(client *http.Client, rest, address string) int {
	body := bytes.NewBufferString(fmt.Sprintf(`{"email":%q,"language":"en"}`, address))
	resp, err := client.Post("http://"+rest+"/api/v1/public/auth/send-email-code", "application/json", body)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// kept checks that whatever was promised is whole in the database.
func (l *ledger) kept(t *testing.T, conn *pgx.Conn) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	require.NotEmpty(t, l.acked, "the load never got through")
	var missing, torn int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM unnest($1::text[]) a
WHERE NOT EXISTS (SELECT FROM auth_challenges c WHERE c.email = a) OR NOT EXISTS (SELECT FROM mail_recipients r WHERE r.address = a)`, l.acked).Scan(&missing))
	require.Zero(t, missing, "of %d promises", len(l.acked))
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM mail_deliveries d
WHERE NOT EXISTS (SELECT FROM mail_recipients r WHERE r.delivery_id = d.delivery_id) OR NOT EXISTS (SELECT FROM mail_payloads p WHERE p.delivery_id = d.delivery_id)`).Scan(&torn))
	require.Zero(t, torn, "a delivery without its parts")
}

func TestAFrozenDatabaseIsUnavailableAndHealsWithoutARestart(t *testing.T) {
	t.Parallel()
	own := testkit.DedicatedServer(t)
	b := newWorld(t, own.DSN, "BACKEND_POSTGRES_OPERATION_TIMEOUT=1s").start().ready()
	b.asksForACode("ada@example.com").Want(http.StatusOK)
	own.Suspend()
	begin := time.Now()
	b.asksForACode("bob@example.com").Refused(http.StatusServiceUnavailable, "database_unavailable")
	require.Less(t, time.Since(begin), 5*time.Second)
	require.Equal(t, http.StatusOK, b.probe("/healthz"))
	b.answers("/readyz", http.StatusServiceUnavailable)
	own.Resume()
	b.answers("/readyz", http.StatusOK)
	b.asksForACode("bob@example.com").Want(http.StatusOK)
}

func TestARestartOfTheDatabaseCostsNoPromiseAndNoSecondMail(t *testing.T) {
	t.Parallel()
	own := testkit.DedicatedServer(t)
	// The test server acknowledges before it writes, which a crash would show.
	_, err := testkit.Conn(t, own.DSN).Exec(t.Context(), "ALTER DATABASE "+own.Name+" SET synchronous_commit = on")
	require.NoError(t, err)
	w := newWorld(t, own.DSN)
	b := w.start().ready()
	l, stop := b.load(4)
	defer stop()
	fewest := func(n int) func() bool {
		return func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.acked) >= n }
	}
	require.Eventually(t, fewest(20), patience, time.Millisecond)
	own.Stop()
	require.Eventually(t, func() bool { return l.failed.Load() > 0 }, patience, time.Millisecond)
	own.Start()
	began, before := time.Now(), len(l.acked)
	require.Eventually(t, fewest(before+1), patience, time.Millisecond)
	require.Less(t, time.Since(began), 10*time.Second, "it accepts again")
	require.NoError(t, own.Server.Signal(syscall.SIGQUIT)) // at once, without a word to anybody
	own.Start()
	require.Eventually(t, fewest(len(l.acked)+20), patience, time.Millisecond)
	stop()
	l.kept(t, testkit.Conn(t, own.DSN))
	b.answers("/readyz", http.StatusOK)
	twice := map[string]int{}
	for _, m := range w.inbox.All() {
		twice[m.To[0]]++
	}
	for address, n := range twice {
		require.LessOrEqual(t, n, 1, address)
	}
	require.Zero(t, b.terminate())
}

func TestABlackHoleIsLeftBehind(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, p.Addr)
	b := newWorld(t, p.Via(proxy.Addr()), "BACKEND_POSTGRES_OPERATION_TIMEOUT=2s").start().ready()
	b.asksForACode("ada@example.com").Want(http.StatusOK)
	proxy.BlackHole()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			if status := askForACode(client, b.rest, fmt.Sprintf("lost-%d@example.com", i)); status != http.StatusServiceUnavailable {
				t.Errorf("got %d", status)
			}
		})
	}
	wg.Wait()
	require.Equal(t, http.StatusOK, b.probe("/healthz"))
	proxy.Heal()
	proxy.CutAll()
	require.Eventually(t, func() bool { return askForACode(http.DefaultClient, b.rest, "bob@example.com") == http.StatusOK }, patience, 10*time.Millisecond)
	b.answers("/readyz", http.StatusOK)
}

func TestASlowDatabaseIsSlowAndNothingElse(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.Proxy(t, p.Addr)
	metrics := testkit.FreeAddr(t)
	b := newWorld(t, p.Via(proxy.Addr()), "BACKEND_POSTGRES_MAX_CONNS=3", "BACKEND_OTEL_METRICS_EXPORTER=prometheus",
		"BACKEND_OTEL_PROMETHEUS_LISTEN_ADDR="+metrics).start().ready()
	proxy.Latency(50 * time.Millisecond)
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range 12 {
		wg.Go(func() {
			client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			if status := askForACode(client, b.rest, fmt.Sprintf("slow-%d@example.com", i)); status != http.StatusOK {
				t.Errorf("got %d", status)
			}
		})
	}
	wg.Wait()
	require.Less(t, time.Since(begin), 5*time.Second)
	proxy.Heal()
	require.Positive(t, scrape(t, metrics)["db_pool_waits_total"])
}

func TestALockedTableDoesNotHoldUpWhatIsInMemory(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	b := newWorld(t, p.DSN, "BACKEND_POSTGRES_MAX_CONNS=3", "BACKEND_POSTGRES_OPERATION_TIMEOUT=1s").start().ready()
	ada := b.signsIn("ada@example.com")
	tx, err := testkit.Conn(t, p.DSN).Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `LOCK TABLE auth_challenges, mail_deliveries IN ACCESS EXCLUSIVE MODE`)
	require.NoError(t, err)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
			if status := askForACode(client, b.rest, fmt.Sprintf("stuck-%d@example.com", i)); status != http.StatusServiceUnavailable {
				t.Errorf("got %d", status)
			}
		})
	}
	slowest := time.Duration(0)
	for range 50 {
		begin := time.Now()
		ada.Get("/api/v1/user/account").Want(http.StatusOK)
		slowest = max(slowest, time.Since(begin))
	}
	require.Less(t, slowest, time.Second, "an answer from memory waited for a connection")
	wg.Wait()
	require.NoError(t, tx.Rollback(t.Context()))
	b.asksForACode("bob@example.com").Want(http.StatusOK)
}

func TestAPoisonedStatementUndoesItsTransactionAndSaysNothing(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	conn := testkit.Conn(t, p.DSN)
	w := newWorld(t, p.DSN)
	b := w.start().ready()
	_, err := conn.Exec(t.Context(), `CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'poison %', NEW.delivery_id; END $$;
CREATE TRIGGER poison BEFORE INSERT ON mail_payloads FOR EACH ROW EXECUTE FUNCTION poison()`)
	require.NoError(t, err)
	reply := b.asksForACode("ada@example.com")
	reply.Refused(http.StatusInternalServerError, "internal_error")
	require.Contains(t, string(reply.Body), `"request_id":"`)
	require.NotContains(t, string(reply.Body), "poison")
	require.NotContains(t, string(reply.Body), "P0001")
	var rows int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM auth_challenges) + (SELECT count(*) FROM mail_deliveries)`).Scan(&rows))
	require.Zero(t, rows)
	_, err = conn.Exec(t.Context(), `DROP TRIGGER poison ON mail_payloads`)
	require.NoError(t, err)
	b.asksForACode("ada@example.com").Want(http.StatusOK)
	w.inbox.Next("ada@example.com", "")
}

func TestAKilledBackendKeepsItsPromisesAndIsBackAtOnce(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	w := newWorld(t, p.DSN)
	for range 3 {
		b := w.start().ready()
		l, stop := b.load(4)
		require.Eventually(t, func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.acked) > 10 }, patience, time.Millisecond)
		b.signal(syscall.SIGKILL)
		b.exits()
		stop()
		l.kept(t, testkit.Conn(t, p.DSN))
	}
}

func TestASignalUnderLoadLosesNothingThatWasAnswered(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	b := newWorld(t, p.DSN).start().ready()
	l, stop := b.load(4)
	require.Eventually(t, func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.acked) > 20 }, patience, time.Millisecond)
	require.Zero(t, b.terminate())
	stop()
	l.kept(t, testkit.Conn(t, p.DSN))
	var busy int
	require.NoError(t, testkit.Conn(t, p.DSN).QueryRow(t.Context(), `SELECT count(*) FROM mail_deliveries WHERE status = 'sending'`).Scan(&busy))
	require.Zero(t, busy, "what was claimed was settled or given back")
}

func TestAMailThatWasOnItsWayWhenTheBackendWasKilledIsSentByTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.Postgres(t).DSN)
	w.inbox.Use(smtpsink.Rule{At: smtpsink.End, Then: smtpsink.Hang})
	b := w.start().ready()
	b.asksForACode("ada@example.com").Want(http.StatusOK)
	require.Eventually(t, func() bool { return w.inbox.Seen(smtpsink.End) > 0 }, patience, time.Millisecond)
	b.signal(syscall.SIGKILL)
	b.exits()
	w.inbox.Use()
	w.start().ready()
	w.inbox.Next("ada@example.com", "") // long before the lease of the first would have run out
}
