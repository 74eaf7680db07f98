package testkit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"galaxy/backend/platform/localpg"
)

// dsnVariable names an existing server that tests may make databases on.
const dsnVariable = "GALAXY_TEST_POSTGRES_DSN"

// pgServer is the one server of a test process.
type pgServer struct {
	admin    *url.URL // a role that may create databases
	template string
}

// shared starts the server at its first use. It ends with the process.
var shared = sync.OnceValues(func() (*pgServer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*stepTimeout)
	defer cancel()
	admin, err := provision(ctx)
	if err != nil {
		return nil, err
	}
	srv := &pgServer{}
	if srv.admin, err = url.Parse(admin); err != nil || srv.admin.Scheme == "" {
		return nil, fmt.Errorf("%s must be a URL such as postgres://user:password@host/postgres", dsnVariable)
	}
	srv.template, err = ensureTemplate(ctx, srv)
	return srv, err
})

func server(t testing.TB) *pgServer {
	t.Helper()
	srv, err := shared()
	if err != nil {
		t.Fatalf("testkit: tests need a real Postgres and there is none: %v", err)
	}
	return srv
}

// provision finds a server: the one that the environment names, a private one
// from local binaries, a container.
func provision(ctx context.Context) (adminDSN string, err error) {
	if dsn := os.Getenv(dsnVariable); dsn != "" {
		return dsn, nil
	}
	dsn, local := startLocal(ctx)
	if !errors.Is(local, localpg.ErrMissing) {
		return dsn, local
	}
	dsn, contained := startContainer(ctx)
	if contained != nil {
		return "", fmt.Errorf("%s is not set; %w; %w", dsnVariable, local, contained)
	}
	return dsn, nil
}

func (s *pgServer) addr() string {
	if s.admin.Port() == "" {
		return s.admin.Hostname() + ":5432"
	}
	return s.admin.Host
}

func (s *pgServer) dsn(database string) string {
	u := *s.admin
	u.Path = "/" + database
	return u.String()
}

// exec runs one statement as the administrator.
func (s *pgServer) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, s.admin.String())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}
