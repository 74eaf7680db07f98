package testkit

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
)

// stepTimeout bounds every step of the harness itself: far more than any of them
// needs, so that only a real hang runs into it.
const stepTimeout = time.Minute

// PG is a database for one test.
type PG struct {
	DSN  string // with search_path=backend, as BACKEND_POSTGRES_DSN has it
	Addr string // host:port of the server, for Proxy
	Name string
}

// Postgres returns a fresh database with all migrations applied. It is dropped
// when the test ends.
func Postgres(t testing.TB) *PG {
	t.Helper()
	srv := server(t)
	name := "t_" + strings.ToLower(rand.Text())[:16]
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	// file_copy clones the template's files instead of logging every page.
	create := fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name, srv.template)
	if err := srv.exec(ctx, create); err != nil {
		t.Fatalf("testkit: clone the template database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		defer cancel()
		if err := srv.exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("testkit: drop the test's database: %v", err)
		}
	})
	return &PG{DSN: withSearchPath(srv.dsn(name)), Addr: srv.addr(), Name: name}
}

// Via is the DSN of the same database, reached through a proxy at addr.
func (p *PG) Via(addr string) string {
	u, err := url.Parse(p.DSN)
	if err != nil {
		panic(err) // DSN was made by url.URL
	}
	u.Host = addr
	return u.String()
}

// DB opens a fresh database with the settings of production, but for a longer
// statement timeout: test machines are busy.
func DB(t testing.TB) *pg.DB {
	t.Helper()
	return Open(t, Postgres(t).DSN)
}

// Open opens the database at dsn and closes it when the test ends.
func Open(t testing.TB, dsn string) *pg.DB {
	t.Helper()
	return OpenWith(t, pg.Config{DSN: secret.New(dsn), MaxConns: 10, OperationTimeout: 15 * time.Second})
}

// OpenWith is Open with a configuration.
func OpenWith(t testing.TB, cfg pg.Config) *pg.DB {
	t.Helper()
	db, err := pg.New(cfg)
	if err != nil {
		t.Fatalf("testkit: open the database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
		defer cancel()
		if err := db.Close(ctx); err != nil {
			t.Errorf("testkit: close the database: %v", err)
		}
	})
	return db
}

// Conn opens a plain connection to the database at dsn, for what a test reads or
// changes without the code under test. Unlike the sessions of a pg.DB it may
// write outside a transaction.
func Conn(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatalf("testkit: connect to the database: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // it may have been broken on purpose
	return conn
}

func withSearchPath(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	q := u.Query()
	q.Set("search_path", pg.Schema)
	u.RawQuery = q.Encode()
	return u.String()
}
