package pg_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	"galaxy/backend/sql"
)

func TestTheServerRefusesAWriteOutsideATransaction(t *testing.T) {
	t.Parallel()
	db := items(t)
	exec(t, db, `CREATE SEQUENCE numbers`)
	for statement, want := range map[string]string{
		`INSERT INTO items (id) VALUES (1) RETURNING id`:                               "INSERT",
		`WITH gone AS (DELETE FROM items RETURNING id) SELECT count(*)::int FROM gone`: "SELECT",
		`UPDATE items SET name = 'a' RETURNING id`:                                     "UPDATE",
		`SELECT id FROM items FOR UPDATE`:                                              "SELECT FOR UPDATE",
		`SELECT nextval('numbers')::int`:                                               "nextval()",
		`CREATE TABLE more (id int)`:                                                   "CREATE TABLE",
		`TRUNCATE items`:                                                               "TRUNCATE TABLE",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			_, err := pg.All[int](t.Context(), db, statement)
			require.ErrorContains(t, err, "cannot execute "+want+" in a read-only transaction (SQLSTATE 25006)")
			require.Equal(t, fault.Internal, fault.From(err).Code, "it is a defect, no outage")
		})
	}
}

func TestATransactionMayWriteAndLeavesItsSessionReadOnly(t *testing.T) {
	t.Parallel()
	for name, parameter := range map[string]string{
		"any session":        "",
		"read-write session": "&target_session_attrs=read-write",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := testkit.Open(t, testkit.Postgres(t).DSN+parameter)
			exec(t, db, createItems)
			require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
				tx.Autonomous(`INSERT INTO items (id) VALUES (1)`)
				tx.Queue(`INSERT INTO items (id) VALUES (2)`)
				return nil
			}))
			_, err := pg.Get[int](t.Context(), db, `DELETE FROM items RETURNING id`)
			require.ErrorContains(t, err, "cannot execute DELETE in a read-only transaction")
			require.Equal(t, 2, count(t, db))
		})
	}
}

// makeReadOnly is an operator's setting for the sessions that begin from now on.
func makeReadOnly(t *testing.T, p *testkit.PG) {
	t.Helper()
	statement := `ALTER DATABASE ` + p.Name + ` SET default_transaction_read_only = on`
	_, err := testkit.Conn(t, p.DSN).Exec(t.Context(), statement)
	require.NoError(t, err)
}

func TestADatabaseThatIsReadOnlyIsSeenAtTheStart(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.Open(t, p.DSN)
	makeReadOnly(t, p)

	l := newLeaderLock(t, p.DSN)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	require.ErrorContains(t, l.BeginTerm(t.Context()),
		"raise the term: ERROR: cannot execute INSERT in a read-only transaction")
	_, err := pg.Pending(t.Context(), db, sql.Migrations, sql.Root)
	require.NoError(t, err, "it can be read")
}

func TestMigrationsAreRefusedOnAReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	_, err := testkit.Conn(t, p.DSN).Exec(t.Context(), `DROP SCHEMA backend CASCADE`)
	require.NoError(t, err)
	makeReadOnly(t, p)
	err = pg.Migrate(t.Context(), testkit.Open(t, p.DSN), testdata, "testdata/one")
	require.ErrorContains(t, err, "cannot execute CREATE SCHEMA in a read-only transaction")
}

// An operator makes a running server read-only before a move, a provider when
// its disk is full.
func TestAServerMadeReadOnlyStopsWritesUntilItIsWritableAgain(t *testing.T) {
	t.Parallel()
	server := testkit.DedicatedServer(t)
	db := testkit.Open(t, server.DSN)
	exec(t, db, createItems)
	l := newLeaderLock(t, server.DSN)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	require.NoError(t, l.BeginTerm(t.Context()))
	db.Fence(l.Held)
	operator := testkit.Conn(t, server.DSN)
	configure := func(statement string) {
		t.Helper()
		for _, s := range []string{statement, `SELECT pg_reload_conf()`} {
			_, err := operator.Exec(t.Context(), s)
			require.NoError(t, err)
		}
	}
	eventually := func(seen func() bool) {
		t.Helper()
		require.Eventually(t, func() bool { pg.Recheck(l); return seen() }, 20*time.Second, 5*time.Millisecond)
	}

	configure(`ALTER SYSTEM SET default_transaction_read_only = on`)
	eventually(func() bool { return l.Held() != nil })
	err := db.InTx(t.Context(), func(context.Context, *pg.Tx) error {
		t.Error("ran on a read-only server")
		return nil
	})
	require.ErrorIs(t, err, pg.ErrUnavailable)
	require.ErrorContains(t, err, "the database was made read-only")
	require.Zero(t, count(t, db), "it can be read")

	configure(`ALTER SYSTEM RESET default_transaction_read_only`)
	eventually(func() bool { return l.Held() == nil })
	exec(t, db, `INSERT INTO items (id) VALUES (1)`)
	require.Empty(t, l.Lost())
}
