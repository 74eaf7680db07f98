package pg_test

import (
	"embed"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

//go:embed testdata
var testdata embed.FS

// empty opens a database without any schema.
func empty(t *testing.T) *pg.DB {
	t.Helper()
	p := testkit.Postgres(t)
	conn := testkit.Conn(t, p.DSN)
	_, err := conn.Exec(t.Context(), `DROP SCHEMA backend CASCADE`)
	require.NoError(t, err)
	return testkit.Open(t, p.DSN)
}

func TestStartersThatMigrateTogetherAllSucceed(t *testing.T) {
	t.Parallel()
	db := empty(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			if err := pg.Migrate(t.Context(), db, testdata, "testdata/two"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, err := pg.Get[int](t.Context(), db, `SELECT count(*) FROM second`)
	require.NoError(t, err)
}

func TestMigratingAgainAppliesOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	db := empty(t)
	require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/one"))
	missing, err := pg.Pending(t.Context(), db, testdata, "testdata/two")
	require.NoError(t, err)
	require.Equal(t, []string{"0002_second.sql"}, missing)
	require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/two"))
	missing, err = pg.Pending(t.Context(), db, testdata, "testdata/two")
	require.NoError(t, err)
	require.Empty(t, missing)
}

func TestAnEditedMigrationIsRefused(t *testing.T) {
	t.Parallel()
	db := empty(t)
	require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/one"))
	err := pg.Migrate(t.Context(), db, testdata, "testdata/edited")
	require.ErrorContains(t, err, "edited since: 0001_first.sql")
}

func TestAnOlderProgramRefusesANewerSchema(t *testing.T) {
	t.Parallel()
	db := empty(t)
	require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/two"))
	err := pg.Migrate(t.Context(), db, testdata, "testdata/one")
	require.ErrorContains(t, err, "newer version of this program: it knows 0002_second.sql")
}

func TestAFailingFileLeavesNothingOfItself(t *testing.T) {
	t.Parallel()
	db := empty(t)
	require.Error(t, pg.Migrate(t.Context(), db, testdata, "testdata/broken"))
	there, err := pg.Get[bool](t.Context(), db, `SELECT to_regclass('backend.half') IS NOT NULL`)
	require.NoError(t, err)
	require.False(t, there)
	require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/two"), "a mended file applies")
}

func TestAMigrationThatIsKilledLeavesNothingOfItself(t *testing.T) {
	t.Parallel()
	db := empty(t)
	var done sync.WaitGroup
	var failed error
	done.Go(func() { failed = pg.Migrate(t.Context(), db, testdata, "testdata/slow") })
	const kill = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'active' AND query LIKE '%pg_sleep(3600)%' AND pid <> pg_backend_pid()`
	require.Eventually(t, func() bool {
		killed, err := pg.Get[int](t.Context(), db, kill)
		return err == nil && killed == 1
	}, 20*time.Second, 5*time.Millisecond)
	done.Wait()
	require.Error(t, failed)
	there, err := pg.Get[bool](t.Context(), db, `SELECT to_regclass('backend.half') IS NOT NULL`)
	require.NoError(t, err)
	require.False(t, there)
	require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/two"), "the next start applies what is missing")
}
