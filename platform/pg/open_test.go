package pg_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func TestAnUnusedPoolConnectsToNothing(t *testing.T) {
	t.Parallel()
	proxy := testkit.PostgresProxy(t, "127.0.0.1:1")
	dsn := secret.New("postgres://u@" + proxy.Addr() + "/db")
	db, err := pg.New(pg.Config{DSN: dsn, MaxConns: 4, MinConns: 4, OperationTimeout: time.Second})
	require.NoError(t, err)
	require.NoError(t, db.Close(t.Context()))
	require.Zero(t, proxy.Open())
}

func TestAStatementThatTakesTooLongIsUnavailableAndKeepsItsConnection(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.OpenWith(t, pg.Config{
		DSN: secret.New(p.DSN), MaxConns: 2, MinConns: 1, OperationTimeout: 100 * time.Millisecond,
	})
	before, err := pg.Get[int](t.Context(), db, `SELECT pg_backend_pid()`)
	require.NoError(t, err)
	_, err = pg.Get[string](t.Context(), db, `SELECT pg_sleep(30)::text`)
	require.ErrorIs(t, err, pg.ErrUnavailable)
	require.Equal(t, fault.Unavailable, fault.From(err).Code)
	after, err := pg.Get[int](t.Context(), db, `SELECT pg_backend_pid()`)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestADatabaseThatIsDownIsUnavailable(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, p.Addr)
	db := testkit.Open(t, p.Via(proxy.Addr()))
	require.NoError(t, db.Ping(t.Context()))
	proxy.CutAll()
	killed := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1`)
		proxy.CutAll()
		if err == nil {
			_, err = tx.Exec(ctx, `SELECT 1`)
		}
		return err
	})
	require.ErrorIs(t, killed, pg.ErrUnavailable)
	require.NoError(t, db.Ping(t.Context()), "the pool heals by itself")
}

func TestASessionIsBoundedAndTheDSNMayChangeIt(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	settings := func(dsn string) map[string]string {
		t.Helper()
		db := testkit.OpenWith(t, pg.Config{DSN: secret.New(dsn), MaxConns: 1, OperationTimeout: 2 * time.Second})
		type setting struct {
			Name  string `db:"name"`
			Value string `db:"value"`
		}
		const read = `SELECT name, current_setting(name) AS value FROM pg_settings WHERE name = ANY ($1)`
		rows, err := pg.All[setting](t.Context(), db, read, []string{
			"application_name", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone",
		})
		require.NoError(t, err)
		got := map[string]string{}
		for _, r := range rows {
			got[r.Name] = r.Value
		}
		return got
	}
	want := map[string]string{
		"application_name": "galaxy-backend", "statement_timeout": "2s", "lock_timeout": "2s",
		"idle_in_transaction_session_timeout": "30s", "TimeZone": "UTC",
	}
	require.Equal(t, want, settings(p.DSN))
	want["application_name"], want["lock_timeout"] = "mine", "1s"
	require.Equal(t, want, settings(p.DSN+"&application_name=mine&lock_timeout=1000"))
}

func TestABadConfigurationIsRefusedWithoutItsSecret(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]pg.Config{
		"is not a Postgres DSN": {DSN: secret.New("postgres://u:hunter2@h:x/"), MaxConns: 1},
		"must be positive":      {DSN: secret.New("postgres://u:hunter2@h/db")},
	} {
		_, err := pg.New(cfg)
		require.ErrorContains(t, err, name)
		require.NotContains(t, err.Error(), "hunter2")
	}
	_, err := pg.NewLeaderLock(pg.Config{DSN: secret.New("postgres://u:hunter2@h:x/")}, zap.NewNop())
	require.ErrorContains(t, err, "is not a Postgres DSN")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestAServerThatIsNotThereIsUnavailable(t *testing.T) {
	t.Parallel()
	db := testkit.OpenWith(t, pg.Config{
		DSN: secret.New("postgres://u:hunter2@127.0.0.1:1/db"), MaxConns: 1, OperationTimeout: 5 * time.Second,
	})
	ran := func(context.Context, *pg.Tx) error { t.Error("ran without a connection"); return nil }
	_, read := pg.Get[int](t.Context(), db, `SELECT 1`)
	for name, err := range map[string]error{
		"ping": db.Ping(t.Context()), "read": read, "write": db.InTx(t.Context(), ran),
	} {
		require.ErrorIs(t, err, pg.ErrUnavailable, name)
		require.NotContains(t, err.Error(), "hunter2", name)
	}
}
