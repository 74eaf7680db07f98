package main

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/smtpsink"
	"galaxy/backend/platform/testkit"
)

func TestASecondSignalEndsTheStopAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.Postgres(t).DSN)
	w.inbox.Use(smtpsink.Rule{At: smtpsink.End, Then: smtpsink.Hang})
	b := w.start().ready()
	b.asksForACode("ada@example.com").Want(http.StatusOK)
	require.Eventually(t, func() bool { return w.inbox.Seen(smtpsink.End) > 0 }, patience, time.Millisecond, "a mail hangs in the relay")
	b.signal(syscall.SIGTERM)
	b.says("backend is stopping")
	begin := time.Now()
	b.signal(syscall.SIGINT)
	require.Equal(t, 1, b.exits())
	require.Less(t, time.Since(begin), time.Second)
}

func TestAHangingRelayCostsTheStopItsOwnBudgetAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, testkit.Postgres(t).DSN, "BACKEND_SHUTDOWN_TIMEOUT=500ms")
	w.inbox.Use(smtpsink.Rule{At: smtpsink.End, Then: smtpsink.Hang})
	b := w.start().ready()
	b.asksForACode("ada@example.com").Want(http.StatusOK)
	require.Eventually(t, func() bool { return w.inbox.Seen(smtpsink.End) > 0 }, patience, time.Millisecond, "a mail hangs in the relay")
	begin := time.Now()
	b.terminate()
	require.Less(t, time.Since(begin), 4*time.Second, "eight phases of half a second at most")
	for _, later := range []string{"push streams", "postgres", "telemetry"} {
		require.Contains(t, b.log.String(), `"component":"`+later+`"`, "a phase after the hanging one was skipped")
	}
}

func TestASignalDuringTheStartTakesBackWhatHadStarted(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	conn := testkit.Conn(t, p.DSN)
	_, err := conn.Exec(t.Context(), `DELETE FROM schema_checksums`) // something to migrate
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `SELECT pg_advisory_lock($1)`, int64(0x67616c617879)) // and somebody who does
	require.NoError(t, err)
	b := newWorld(t, p.DSN, "BACKEND_LOGGING_LEVEL=debug").start()
	b.says(`"component":"telemetry"`)
	b.signal(syscall.SIGTERM)
	require.Zero(t, b.exits())
	require.Contains(t, b.log.String(), "backend was stopped while it started")
	require.NotContains(t, b.log.String(), "http listener opened")
	require.Eventually(t, func() bool {
		var sessions int
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE application_name = 'galaxy-backend' AND datname = current_database()`).Scan(&sessions)
		return err == nil && sessions == 0
	}, patience, 5*time.Millisecond, "a session was left behind")
}

func TestACleanStopExitsWithZeroWhateverTheExporters(t *testing.T) {
	t.Parallel()
	for name, changes := range map[string][]string{
		"the defaults, no collector": {"BACKEND_OTEL_TRACES_EXPORTER=otlp", "BACKEND_OTEL_METRICS_EXPORTER=otlp"},
		"stdout":                     {"BACKEND_OTEL_TRACES_EXPORTER=stdout", "BACKEND_OTEL_METRICS_EXPORTER=stdout"},
		"prometheus": {
			"BACKEND_OTEL_METRICS_EXPORTER=prometheus", "BACKEND_OTEL_PROMETHEUS_LISTEN_ADDR=" + testkit.FreeAddr(t),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newWorld(t, testkit.Postgres(t).DSN, changes...).start().ready()
			require.Zero(t, b.terminate())
			require.NotContains(t, b.log.String(), "closed pool")
			if name == "stdout" {
				require.Contains(t, b.log.String(), `"mail_outbox_depth"`, "the last metrics")
				require.Contains(t, b.log.String(), `"turn_overdue"`)
			}
		})
	}
}

func TestAStandbyAnswersAsDocumentedAndEndsWithASignal(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	newWorld(t, dsn).start().ready()
	standby := newWorld(t, dsn).start().says("waiting as its standby")
	standby.api().Get("/healthz").Want(http.StatusOK)
	ready := standby.api().Get("/readyz").Want(http.StatusServiceUnavailable)
	require.JSONEq(t, `{"status":"standby","checks":{"lock":"failed"}}`, string(ready.Body))
	standby.asksForACode("ada@example.com").Refused(http.StatusServiceUnavailable, "standby")
	require.Zero(t, standby.terminate())
}

func TestTheHealthCheckFollowsTheListenerToTLS(t *testing.T) {
	t.Parallel()
	config, cert, err := smtpsink.SelfSigned()
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(config.Certificates[0].PrivateKey)
	require.NoError(t, err)
	certFile, keyFile := filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	require.NoError(t, os.WriteFile(certFile, cert, 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	w := newWorld(t, testkit.Postgres(t).DSN, "BACKEND_TLS_CERT="+certFile, "BACKEND_TLS_KEY="+keyFile)
	b := w.start().ready()
	require.Zero(t, w.run("healthcheck", "BACKEND_HTTP_LISTEN_ADDR="+b.rest).exits())
	require.Equal(t, 1, w.run("healthcheck", "BACKEND_HTTP_LISTEN_ADDR="+testkit.FreeAddr(t)).exits())
	standby := w.start().says("waiting as its standby")
	require.Equal(t, 1, w.run("healthcheck", "BACKEND_HTTP_LISTEN_ADDR="+standby.rest).exits())
}
