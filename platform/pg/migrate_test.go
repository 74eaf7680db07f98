package pg_test

import (
	"embed"
	"sync"
	"testing"

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
