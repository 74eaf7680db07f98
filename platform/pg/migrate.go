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
	"maps"
	"path"
	"slices"

	"github.com/jackc/pgx/v5/stdlib"
	migrate "github.com/rubenv/sql-migrate"
)

var (
	errEdited = errors.New("a migration that was applied has been edited since")
	errNewer  = errors.New("the database was migrated by a newer version of this program")
)

// Migrate brings the schema up to date. Concurrent starters wait for each
// other. An applied file that was edited, or a database that knows files this
// program does not have, is refused before anything is written.
//
// What has been applied is what sql-migrate has recorded. It runs on connections
// of its own: those of the pool are read-only by default.
func Migrate(ctx context.Context, db *DB, files embed.FS, root string) error {
	sums, err := checksums(files, root)
	if err != nil {
		return err
	}
	if s, err := readSchemaState(ctx, db, sums); err != nil || s.complete() {
		return err
	}
	std := stdlib.OpenDB(*db.writable)
	defer std.Close()
	unlock, err := lockMigrations(ctx, std)
	if err != nil {
		return err
	}
	defer unlock()
	s, err := readSchemaState(ctx, db, sums)
	if err != nil || s.complete() {
		return err
	}
	source := migrate.EmbedFileSystemMigrationSource{FileSystem: files, Root: root}
	if err := apply(ctx, std, source); err != nil {
		return err
	}
	return recordChecksums(ctx, std, slices.Concat(s.pending, s.unsummed), sums)
}

// Pending names the files that are not applied yet.
func Pending(ctx context.Context, db *DB, files embed.FS, root string) ([]string, error) {
	sums, err := checksums(files, root)
	if err != nil {
		return nil, err
	}
	s, err := readSchemaState(ctx, db, sums)
	return s.pending, err
}

// apply runs what is missing. Each file is a transaction of its own; one that
// needs longer than the statement timeout says SET LOCAL statement_timeout.
func apply(ctx context.Context, std *sql.DB, source migrate.MigrationSource) error {
	set := migrate.MigrationSet{SchemaName: Schema, TableName: "schema_migrations"}
	if _, err := set.ExecContext(ctx, std, "postgres", source, migrate.Up); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// recordChecksums keeps what the files were when they were applied. The table
// stands beside sql-migrate's, which can have no further column: sql-migrate
// fails at columns that it does not know.
func recordChecksums(ctx context.Context, std *sql.DB, ids []string, sums map[string]string) error {
	const create = `CREATE TABLE IF NOT EXISTS backend.schema_checksums (id text PRIMARY KEY, sha256 text NOT NULL)`
	if _, err := std.ExecContext(ctx, create); err != nil {
		return fmt.Errorf("make the table of checksums: %w", err)
	}
	for _, id := range ids {
		const insert = `
INSERT INTO backend.schema_checksums (id, sha256) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET sha256 = EXCLUDED.sha256`
		if _, err := std.ExecContext(ctx, insert, id, sums[id]); err != nil {
			return fmt.Errorf("record the checksum of %s: %w", id, err)
		}
	}
	return nil
}

// schemaState is how far the schema is behind the program's files.
type schemaState struct {
	pending  []string // files that are not applied
	unsummed []string // files that were applied by a process that ended before it recorded their checksums
}

func (s schemaState) complete() bool { return len(s.pending) == 0 && len(s.unsummed) == 0 }

// readSchemaState compares the files with what the database has recorded.
func readSchemaState(ctx context.Context, db *DB, sums map[string]string) (schemaState, error) {
	applied, err := readApplied(ctx, db)
	if err != nil {
		return schemaState{}, fmt.Errorf("read the applied migrations: %w", err)
	}
	var s schemaState
	missing := maps.Clone(sums)
	for _, a := range applied {
		switch want, known := sums[a.ID]; {
		case !known:
			return schemaState{}, fmt.Errorf("%w: it knows %s", errNewer, a.ID)
		case a.Sum == nil:
			s.unsummed = append(s.unsummed, a.ID)
		case want != *a.Sum:
			return schemaState{}, fmt.Errorf("%w: %s", errEdited, a.ID)
		}
		delete(missing, a.ID)
	}
	s.pending = slices.Sorted(maps.Keys(missing))
	return s, nil
}

type appliedFile struct {
	ID  string  `db:"id"`
	Sum *string `db:"sha256"`
}

func readApplied(ctx context.Context, db *DB) ([]appliedFile, error) {
	type tables struct {
		Migrations bool `db:"migrations"`
		Checksums  bool `db:"checksums"`
	}
	const existing = `
SELECT to_regclass('backend.schema_migrations') IS NOT NULL AS migrations, to_regclass('backend.schema_checksums') IS NOT NULL AS checksums`
	there, err := Get[tables](ctx, db, existing)
	switch {
	case err != nil || !there.Migrations:
		return nil, err
	case !there.Checksums:
		return All[appliedFile](ctx, db, `SELECT id, NULL AS sha256 FROM backend.schema_migrations ORDER BY id`)
	}
	const applied = `
SELECT id, sha256 FROM backend.schema_migrations LEFT JOIN backend.schema_checksums USING (id) ORDER BY id`
	return All[appliedFile](ctx, db, applied)
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
