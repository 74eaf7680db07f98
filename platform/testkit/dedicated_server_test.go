package testkit_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func TestPoolOutlivesARestartOfItsServer(t *testing.T) {
	t.Parallel()
	server := testkit.DedicatedServer(t)
	db := testkit.Open(t, server.DSN)
	write := func() error {
		return db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS kept (n int)")
			return err
		})
	}
	require.NoError(t, write())
	server.Stop()
	require.ErrorIs(t, db.Ping(t.Context()), pg.ErrUnavailable)
	server.Start()
	there, err := pg.Get[bool](t.Context(), db, "SELECT to_regclass('kept') IS NOT NULL")
	require.NoError(t, err)
	require.True(t, there)

	require.NoError(t, server.Server.Signal(syscall.SIGKILL))
	server.Start()
	require.Eventually(t, func() bool { return write() == nil }, 10*time.Second, 5*time.Millisecond)
}

func TestFrozenServerCostsAStatementItsTimeout(t *testing.T) {
	t.Parallel()
	server := testkit.DedicatedServer(t)
	cfg := pg.Config{DSN: secret.New(server.DSN), MaxConns: 2, OperationTimeout: 200 * time.Millisecond}
	db := testkit.OpenWith(t, cfg)
	require.NoError(t, db.Ping(t.Context()))
	require.NoError(t, server.Server.Signal(syscall.SIGSTOP))
	begin := time.Now()
	fresh := testkit.OpenWith(t, cfg)
	require.ErrorIs(t, fresh.Ping(t.Context()), pg.ErrUnavailable)
	require.Less(t, time.Since(begin), 5*time.Second)
	require.NoError(t, server.Server.Signal(syscall.SIGCONT))
	require.NoError(t, db.Ping(t.Context()))
}

func TestASuspendedServerKeepsItsConnectionsAndGoesOn(t *testing.T) {
	t.Parallel()
	server := testkit.DedicatedServer(t)
	conn := testkit.Conn(t, server.DSN)
	server.Suspend()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := pgx.Connect(ctx, server.DSN)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	server.Resume()
	var one int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT 1").Scan(&one), "the same session")
	require.Equal(t, 1, one)
}
