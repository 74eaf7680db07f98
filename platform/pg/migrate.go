package pg

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/stdlib"
	migrate "github.com/rubenv/sql-migrate"
)

// migrationLockID is the advisory lock of a migrating process; the number is
// "galaxy" in ASCII.
const migrationLockID = 0x67616c617879

// migrationLockPeriod is how often a second starter asks for the lock. It polls,
// because a blocked pg_advisory_lock holds a snapshot that an index built
// CONCURRENTLY would wait for without end.
const migrationLockPeriod = 100 * time.Millisecond

var (
	errEdited = errors.New("a migration that was applied has been edited since")
	errNewer  = errors.New("the database was migrated by a newer version of this program")
)

// Migrate brings the schema up to date. Concurrent starters wait for each
// other. An applied file that was edited, or a database that knows files this
// program does not have, is refused before anything is written.
func Migrate(ctx context.Context, db *DB, files embed.FS, root string) error {
	sums, err := checksums(files, root)
	if err != nil {
		return err
	}
	if done, err := upToDate(ctx, db, sums); err != nil || done {
		return err
	}
	std := stdlib.OpenDBFromPool(db.pool())
	defer std.Close() // returns its connections; the pool stays open
	unlock, err := lockMigrations(ctx, std)
	if err != nil {
		return err
	}
	defer unlock()
	if done, err := upToDate(ctx, db, sums); err != nil || done {
		return err
	}
	return apply(ctx, std, files, root, sums)
}

// apply runs what is missing. Each file is a transaction of its own; one that
// needs longer than the statement timeout says SET LOCAL statement_timeout.
func apply(ctx context.Context, std *sql.DB, files embed.FS, root string, sums map[string]string) error {
	set := migrate.MigrationSet{SchemaName: Schema, TableName: "schema_migrations"}
	source := migrate.EmbedFileSystemMigrationSource{FileSystem: files, Root: root}
	if _, err := set.ExecContext(ctx, std, "postgres", source, migrate.Up); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	const record = `
CREATE TABLE IF NOT EXISTS backend.schema_checksums (id text PRIMARY KEY, sha256 text NOT NULL)`
	if _, err := std.ExecContext(ctx, record); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for id, sum := range sums {
		const insert = `INSERT INTO backend.schema_checksums (id, sha256) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`
		if _, err := std.ExecContext(ctx, insert, id, sum); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	return nil
}

// upToDate compares the files with the database's record of them.
func upToDate(ctx context.Context, db *DB, sums map[string]string) (bool, error) {
	const exists = `SELECT to_regclass('backend.schema_checksums') IS NOT NULL`
	if there, err := Get[bool](ctx, db, exists); err != nil || !there {
		return false, err
	}
	type row struct {
		ID  string `db:"id"`
		Sum string `db:"sha256"`
	}
	rows, err := All[row](ctx, db, `SELECT id, sha256 FROM backend.schema_checksums`)
	if err != nil {
		return false, err
	}
	for _, r := range rows {
		switch want, known := sums[r.ID]; {
		case !known:
			return false, fmt.Errorf("%w: it knows %s", errNewer, r.ID)
		case want != r.Sum:
			return false, fmt.Errorf("%w: %s", errEdited, r.ID)
		}
	}
	return len(rows) == len(sums), nil
}

// Pending names the files that are not applied yet.
func Pending(ctx context.Context, db *DB, files embed.FS, root string) ([]string, error) {
	sums, err := checksums(files, root)
	if err != nil {
		return nil, err
	}
	done, err := upToDate(ctx, db, sums)
	if err != nil || done {
		return nil, err
	}
	applied := []string{}
	if there, err := Get[bool](ctx, db, `SELECT to_regclass('backend.schema_checksums') IS NOT NULL`); err != nil {
		return nil, err
	} else if there {
		if applied, err = All[string](ctx, db, `SELECT id FROM backend.schema_checksums`); err != nil {
			return nil, err
		}
	}
	var missing []string
	for id := range sums {
		if !slices.Contains(applied, id) {
			missing = append(missing, id)
		}
	}
	slices.Sort(missing)
	return missing, nil
}

func checksums(files embed.FS, root string) (map[string]string, error) {
	names, err := fs.Glob(files, path.Join(root, "*.sql"))
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	sums := make(map[string]string, len(names))
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		sum := sha256.Sum256(text)
		sums[path.Base(name)] = hex.EncodeToString(sum[:])
	}
	return sums, nil
}

// lockMigrations holds a session lock on a connection of its own.
func lockMigrations(ctx context.Context, std *sql.DB) (unlock func(), err error) {
	conn, err := std.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock the migrations: %w", err)
	}
	for {
		var got bool
		if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", int64(migrationLockID)).Scan(&got); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("lock the migrations: %w", err)
		}
		if got {
			return func() {
				_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLockID))
				_ = conn.Close()
			}, nil
		}
		select {
		case <-time.After(migrationLockPeriod):
		case <-ctx.Done():
			_ = conn.Close()
			return nil, fmt.Errorf("another process is migrating: %w", ctx.Err())
		}
	}
}
