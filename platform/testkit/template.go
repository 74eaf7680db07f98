package testkit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/sql"
)

// templateLock is the advisory lock of a process that makes the template.
const templateLock = 0x746573746b6974 // "testkit"

// migrationsHash changes with every change of a migration, and so does the
// name of the template: a stale one is never cloned.
func migrationsHash() (string, error) {
	names, err := fs.Glob(sql.Migrations, path.Join(sql.Root, "*.sql"))
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, name := range names {
		text, err := sql.Migrations.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil))[:12], nil
}

// ensureTemplate returns the name of a database with all migrations applied,
// which it makes unless another process, or the cached cluster, has it already.
func ensureTemplate(ctx context.Context, srv *pgServer) (string, error) {
	hash, err := migrationsHash()
	if err != nil {
		return "", fmt.Errorf("read the migrations: %w", err)
	}
	name := "galaxy_template_" + hash
	conn, err := pgx.Connect(ctx, srv.admin.String())
	if err != nil {
		return "", fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, templateLock); err != nil {
		return "", fmt.Errorf("lock the template database: %w", err)
	}
	var exists bool
	const find = `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`
	if err := conn.QueryRow(ctx, find, name).Scan(&exists); err != nil {
		return "", fmt.Errorf("look for the template database: %w", err)
	}
	if exists {
		return name, nil
	}
	return name, makeTemplate(ctx, srv, conn, name)
}

// makeTemplate works under another name, so that a template is whole or absent.
func makeTemplate(ctx context.Context, srv *pgServer, conn *pgx.Conn, name string) error {
	raw := name + "_raw"
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + raw + " WITH (FORCE)", "CREATE DATABASE " + raw} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("make the template database: %w", err)
		}
	}
	dsn := secret.New(withSearchPath(srv.dsn(raw)))
	db, err := pg.New(pg.Config{DSN: dsn, MaxConns: 2, OperationTimeout: time.Minute})
	if err != nil {
		return err
	}
	err = pg.Migrate(ctx, db, sql.Migrations, sql.Root)
	if closed := db.Close(ctx); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("migrate the template database: %w", err)
	}
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+raw+" RENAME TO "+name); err != nil {
		return fmt.Errorf("name the template database: %w", err)
	}
	return nil
}
