package pg_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func TestAnUnusedPoolConnectsToNothing(t *testing.T) {
	t.Parallel()
	proxy := testkit.PostgresProxy(t, "127.0.0.1:1")
	db, err := pg.New(pg.Config{DSN: secret.New("postgres://u@" + proxy.Addr() + "/db"), MaxConns: 4, MinConns: 4, OperationTimeout: time.Second})
	require.NoError(t, err)
	require.NoError(t, db.Close(t.Context()))
	require.Zero(t, proxy.Open())
}

func TestAStatementThatTakesTooLongIsUnavailableAndKeepsItsConnection(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.OpenWith(t, pg.Config{DSN: secret.New(p.DSN), MaxConns: 2, MinConns: 1, OperationTimeout: 100 * time.Millisecond})
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
