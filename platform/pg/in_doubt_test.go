package pg_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

// outcomes tells what became of a staged key.
type outcomes chan string

func (o outcomes) effect() pg.Effect {
	say := func(what string) func() { return func() { o <- what } }
	return pg.Effect{Apply: say("applied"), InDoubt: say("in doubt"), Resolved: say("resolved")}
}

// loseCommit stages a key in a transaction whose COMMIT meets the fault.
func loseCommit(t *testing.T, db *pg.DB, proxy *testkit.TCPProxy, fault testkit.Fault) outcomes {
	t.Helper()
	o := make(outcomes, 10)
	hit := proxy.Inject(fault)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		tx.Stage(1, o.effect())
		tx.OnCommit(func() { o <- "on commit" })
		_, err := tx.Exec(ctx, `SELECT 1`)
		return err
	})
	<-hit
	require.ErrorIs(t, err, pg.ErrOutcomeUnknown)
	return o
}

func TestAKeyOfAnUnansweredCommitIsInDoubtUntilItIsResolved(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]testkit.Fault{
		"reply lost":    {Toward: testkit.ToClient, At: testkit.Completes("COMMIT")},
		"never arrived": {Toward: testkit.ToServer, At: testkit.Runs("COMMIT")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := testkit.Postgres(t)
			proxy := testkit.PostgresProxy(t, p.Addr)
			o := loseCommit(t, testkit.Open(t, p.Via(proxy.Addr())), proxy, fault)
			require.Equal(t, "in doubt", <-o)
			require.Equal(t, "resolved", <-o)
			require.Empty(t, o, "neither applied nor committed")
		})
	}
}

func TestAKeyOfARefusedCommitIsNotInDoubt(t *testing.T) {
	t.Parallel()
	db, o := items(t), make(outcomes, 10)
	exec(t, db, `ALTER TABLE items ADD CONSTRAINT deferred UNIQUE (tags) DEFERRABLE INITIALLY DEFERRED`)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		tx.Stage(1, o.effect())
		_, err := tx.Exec(ctx, `INSERT INTO items (id, tags) VALUES (1, '{a}'), (2, '{a}')`)
		return err
	})
	require.True(t, pg.IsUnique(err, "deferred"), "%v", err)
	require.Empty(t, o)
	require.Zero(t, count(t, db))
}

func TestClosingThePoolEndsTheWaitForAResolution(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, p.Addr)
	db, err := pg.New(pg.Config{DSN: secret.New(p.Via(proxy.Addr())), MaxConns: 2, OperationTimeout: 5 * time.Second})
	require.NoError(t, err)
	require.NoError(t, db.Ping(t.Context()))
	startup := func(m testkit.Message) bool { return m.Type == 0 }
	proxy.Inject(testkit.Fault{Toward: testkit.ToServer, At: startup, Times: -1}) // the server cannot be asked any more
	o := loseCommit(t, db, proxy, testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("COMMIT")})
	require.Equal(t, "in doubt", <-o)
	require.NoError(t, db.Close(t.Context()))
	require.Empty(t, o)
}

func TestAPoolThatIsInUseIsClosedWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT 1`); err != nil {
			return err
		}
		closing, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorContains(t, db.Close(closing), "connections are still in use: context canceled")
		return nil
	}), "the transaction ends all the same")
}
