package pg_test

import (
	_ "embed"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

//go:embed testdata/installed.sql
var installedSchema string

// newInstalledDB opens a database as an earlier version has left it.
func newInstalledDB(t *testing.T) (*pg.DB, *pgx.Conn) {
	t.Helper()
	p := testkit.Postgres(t)
	conn := testkit.Conn(t, p.DSN)
	_, err := conn.Exec(t.Context(), `DROP SCHEMA backend CASCADE;`+installedSchema)
	require.NoError(t, err)
	return testkit.Open(t, p.DSN), conn
}

// record is what the database knows of its migrations.
func record(t *testing.T, conn *pgx.Conn) (ids []string) {
	t.Helper()
	rows, err := conn.Query(t.Context(), `SELECT id || ' ' || applied_at::date || ' ' || left(sha256, 8)
FROM schema_migrations FULL JOIN schema_checksums USING (id) WHERE id = '0001_first.sql'
UNION SELECT id || ' ' || (applied_at IS NOT NULL) || ' ' || (sha256 <> '')
FROM schema_migrations FULL JOIN schema_checksums USING (id) WHERE id <> '0001_first.sql' ORDER BY 1`)
	require.NoError(t, err)
	ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return ids
}

const firstRecord = "0001_first.sql 2026-11-30 f5023854"

func TestADatabaseOfAnEarlierVersionIsMigratedFurther(t *testing.T) {
	t.Parallel()
	db, conn := newInstalledDB(t)
	missing, err := pg.Pending(t.Context(), db, testdata, "testdata/two")
	require.NoError(t, err)
	require.Equal(t, []string{"0002_second.sql"}, missing)
	require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/two"))
	data, err := pg.All[int](t.Context(), db, `SELECT id FROM first`)
	require.NoError(t, err)
	require.Equal(t, []int{7}, data)
	// Both tables are complete: the earlier version goes by the second one.
	require.Equal(t, []string{firstRecord, "0002_second.sql true true"}, record(t, conn))
}

func TestAnUpToDateDatabaseOfAnEarlierVersionIsNotTouched(t *testing.T) {
	t.Parallel()
	db, conn := newInstalledDB(t)
	const changes = `SELECT max(xmin::text::bigint) FROM (SELECT xmin FROM pg_class UNION ALL SELECT xmin FROM schema_migrations
UNION ALL SELECT xmin FROM schema_checksums UNION ALL SELECT xmin FROM first) all_rows`
	var before, after int64
	require.NoError(t, conn.QueryRow(t.Context(), changes).Scan(&before))
	require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/one"))
	require.NoError(t, conn.QueryRow(t.Context(), changes).Scan(&after))
	require.Equal(t, before, after)
}

// A process may have ended between applying a file and recording its checksum.
func TestAFileWithoutChecksumIsNotAppliedAgain(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"row":   `DELETE FROM schema_checksums`,
		"table": `DROP TABLE schema_checksums`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, conn := newInstalledDB(t)
			_, err := conn.Exec(t.Context(), statement)
			require.NoError(t, err)
			missing, err := pg.Pending(t.Context(), db, testdata, "testdata/one")
			require.NoError(t, err)
			require.Empty(t, missing)
			require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/one"))
			require.Equal(t, []string{firstRecord}, record(t, conn))
			require.ErrorContains(t, pg.Migrate(t.Context(), db, testdata, "testdata/edited"), "edited since")
		})
	}
}

func TestAChecksumAloneIsNoAppliedMigration(t *testing.T) {
	t.Parallel()
	db, conn := newInstalledDB(t)
	_, err := conn.Exec(t.Context(), `INSERT INTO schema_checksums VALUES ('0002_second.sql', ''), ('9999_future.sql', '')`)
	require.NoError(t, err)
	missing, err := pg.Pending(t.Context(), db, testdata, "testdata/two")
	require.NoError(t, err)
	require.Equal(t, []string{"0002_second.sql"}, missing)
	require.NoError(t, pg.Migrate(t.Context(), db, testdata, "testdata/two"))
	missing, err = pg.Pending(t.Context(), db, testdata, "testdata/two")
	require.NoError(t, err, "the checksum is that of the file that was applied")
	require.Empty(t, missing)
}
