package testkit_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	"galaxy/backend/sql"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestEachDatabaseIsMigratedAndItsOwn(t *testing.T) {
	t.Parallel()
	first, second := testkit.DB(t), testkit.DB(t)
	for _, db := range []*pg.DB{first, second} {
		missing, err := pg.Pending(t.Context(), db, sql.Migrations, sql.Root)
		require.NoError(t, err)
		require.Empty(t, missing)
	}
	err := first.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, "CREATE TABLE mine (n int)")
		return err
	})
	require.NoError(t, err)
	const there = "SELECT to_regclass('backend.mine') IS NOT NULL"
	seen, err := pg.Get[bool](t.Context(), first, there)
	require.NoError(t, err)
	require.True(t, seen, "unqualified names resolve to the schema of the backend")
	seen, err = pg.Get[bool](t.Context(), second, there)
	require.NoError(t, err)
	require.False(t, seen)
}

func TestDatabaseGoesWithItsTest(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("user", func(t *testing.T) {
		own := testkit.Postgres(t)
		name = own.Name
		testkit.Conn(t, own.DSN) // still open when the database is dropped
	})
	conn := testkit.Conn(t, testkit.Postgres(t).DSN)
	var there bool
	const find = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"
	require.NoError(t, conn.QueryRow(t.Context(), find, name).Scan(&there))
	require.False(t, there)
}

// helperEnv makes the test below take a database and end its process without
// any cleanup.
const helperEnv = "GALAXY_TEST_TESTKIT_HELPER"

func TestServerGoesWithTheTestProcess(t *testing.T) {
	t.Parallel()
	if os.Getenv("GALAXY_TEST_POSTGRES_DSN") != "" {
		return // that server is not ours to stop
	}
	if os.Getenv(helperEnv) != "" {
		dsn := testkit.Postgres(t).DSN
		var dir string
		_ = testkit.Conn(t, dsn).QueryRow(t.Context(), "SHOW data_directory").Scan(&dir)
		_, _ = os.Stdout.WriteString(dsn + "\n" + dir + "\n")
		os.Exit(0)
	}
	helper := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	helper.Env = append(os.Environ(), helperEnv+"=1")
	helper.Stderr = os.Stderr
	out, err := helper.Output()
	require.NoError(t, err)
	said := strings.Split(string(out), "\n")
	dsn, dir := said[0], said[1]
	require.Eventually(t, func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, fs.ErrNotExist)
	}, time.Minute, 10*time.Millisecond, "the server's files are still there")
	_, err = pgx.Connect(t.Context(), dsn)
	require.Error(t, err, "the server is still there")
}

func TestAPlainConnectionMayWriteOutsideATransaction(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.Open(t, p.DSN)
	_, err := testkit.Conn(t, p.DSN).Exec(t.Context(), "CREATE TABLE mine AS SELECT 7 AS n")
	require.NoError(t, err)
	n, err := pg.Get[int](t.Context(), db, "SELECT n FROM mine")
	require.NoError(t, err)
	require.Equal(t, 7, n)
	_, err = pg.Get[int](t.Context(), db, "DELETE FROM mine RETURNING n")
	require.ErrorContains(t, err, "read-only transaction")
}
