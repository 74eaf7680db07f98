package testkit_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// counted is a database with a counter, a direct connection to it, and a proxy
// before it.
func counted(t *testing.T) (*pgx.Conn, *testkit.TCPProxy, string) {
	t.Helper()
	own := testkit.Postgres(t)
	conn := testkit.Conn(t, own.DSN)
	_, err := conn.Exec(t.Context(), "CREATE TABLE cnt AS SELECT 0 AS n")
	require.NoError(t, err)
	p := testkit.PostgresProxy(t, own.Addr)
	return conn, p, own.Via(p.Addr())
}

func count(t *testing.T, conn *pgx.Conn) int {
	t.Helper()
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT n FROM cnt").Scan(&n))
	return n
}

const increment = "UPDATE cnt SET n = n + 1"

// This is why no module speaks database/sql, and why pg.DB, without a
// transaction, has no Exec. Should the second run ever be gone, the reason is.
func TestDatabaseSQLRunsAStatementTwice(t *testing.T) {
	t.Parallel()
	conn, proxy, dsn := counted(t)
	db, err := sql.Open("pgx", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	hit := proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("UPDATE 1"), Then: testkit.Cut})
	_, err = db.ExecContext(t.Context(), increment)
	<-hit
	require.NoError(t, err, "the caller is told that all is well")
	require.Equal(t, 2, count(t, conn))
}

func TestStatementInATransactionRunsOnceWhenItsReplyIsLost(t *testing.T) {
	t.Parallel()
	conn, proxy, dsn := counted(t)
	db := testkit.Open(t, dsn)
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("UPDATE 1"), Then: testkit.Cut})
	runs := 0
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		runs++
		_, err := tx.Exec(ctx, increment)
		return err
	})
	require.Error(t, err)
	require.Equal(t, 1, runs)
	require.Zero(t, count(t, conn), "the transaction ended with its connection")
}

// This is why a COMMIT is never repeated on SafeToRetry's word.
func TestPgxCallsALostCommitSafeToRetry(t *testing.T) {
	t.Parallel()
	conn, proxy, dsn := counted(t)
	through := testkit.Conn(t, dsn)
	tx, err := through.Begin(t.Context())
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), increment)
	require.NoError(t, err)
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT"), Then: testkit.Cut})
	err = tx.Commit(t.Context())
	require.Error(t, err)
	require.True(t, pgconn.SafeToRetry(err))
	require.Equal(t, 1, count(t, conn), "it was committed all the same")
}

func TestCommitThatIsNotAnsweredHasAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault     testkit.Fault
		committed int
	}{
		"applied, reply lost": {testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT")}, 1},
		"never arrived":       {testkit.Fault{Toward: testkit.ToServer, At: testkit.Runs("COMMIT")}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, proxy, dsn := counted(t)
			db := testkit.Open(t, dsn)
			hit := proxy.Inject(tc.fault)
			runs, left := 0, false
			err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
				runs++
				tx.OnCommit(func() { left = true })
				_, err := tx.Exec(ctx, increment)
				return err
			})
			<-hit
			require.ErrorIs(t, err, pg.ErrOutcomeUnknown)
			require.Equal(t, 503, fault.From(err).Code.Status())
			require.Equal(t, 1, runs, "an unknown outcome is not repeated")
			require.False(t, left, "nothing leaves a transaction whose outcome is unknown")
			require.Equal(t, tc.committed, count(t, conn))

			proxy.Heal()
			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
				_, err := tx.Exec(ctx, increment)
				return err
			}), "the pool goes on with another connection")
		})
	}
}
