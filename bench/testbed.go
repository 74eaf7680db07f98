package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"galaxy/backend/bench/internal/procstat"
	"galaxy/backend/platform/localpg"
	"galaxy/backend/platform/mmdb"
	"galaxy/backend/platform/smtpsink"
)

// The databases of the cluster.
const (
	productDB = "galaxy"
	anchorDB  = "anchor"
	emptyDB   = "empty"
)

// The operator that the product creates at its first start.
const (
	operatorName     = "bench"
	operatorPassword = "bench-operator-password"
)

// testbed is the environment that both sides share.
type testbed struct {
	dir        string // a temporary one
	postgres   *localpg.Server
	postmaster int // process id
	relay      *smtpsink.Server
	backend    string // the product's binary
	engine     string
	self       string // this binary, which also runs the anchor
	product    *pgxpool.Pool
	data       *dataset
}

// build compiles the product as it is shipped: static, stripped, without the race
// detector.
func (s *testbed) build(ctx context.Context, root string) error {
	for name, path := range map[string]*string{"backend": &s.backend, "engine": &s.engine} {
		*path = filepath.Join(s.dir, name)
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", *path, "./cmd/"+name)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w: %s", name, err, out)
		}
	}
	return nil
}

// start starts the cluster and the relay.
func (s *testbed) start(ctx context.Context) (err error) {
	if s.self, err = os.Executable(); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(s.dir, "games"), 0o755); err != nil {
		return err
	}
	if err := mmdb.WriteFile(s.path("country.mmdb")); err != nil {
		return err
	}
	if s.relay, err = smtpsink.Listen(smtpsink.Config{}); err != nil {
		return err
	}
	// Under root, Postgres runs as another user, who needs access to the directory.
	if err := os.Chmod(s.dir, 0o711); err != nil {
		return err
	}
	if s.postgres, err = localpg.Start(ctx, localpg.Config{Dir: s.path("postgres"), Profile: localpg.Durable, Ephemeral: true}); err != nil {
		return err
	}
	for _, name := range []string{productDB, anchorDB} {
		if err := s.postgres.EnsureDatabase(ctx, name); err != nil {
			return err
		}
	}
	if s.product, err = pgxpool.New(ctx, s.dsn(productDB)); err != nil {
		return err
	}
	var backend int
	if err := s.product.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return err
	}
	p, err := procstat.Read(backend)
	s.postmaster = p.Parent
	return err
}

func (s *testbed) path(name string) string { return filepath.Join(s.dir, name) }

func (s *testbed) dsn(database string) string {
	dsn := s.postgres.DSN(database)
	if database != anchorDB {
		dsn += "&search_path=backend"
	}
	return dsn
}

// stop stops what start has started, and removes the directory.
func (s *testbed) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var errs []error
	if s.product != nil {
		s.product.Close()
	}
	if s.postgres != nil {
		errs = append(errs, s.postgres.Stop(ctx))
	}
	if s.relay != nil {
		errs = append(errs, s.relay.Close(ctx))
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// product is a running backend.
type product struct {
	*process
	http, push string // addresses
	pprof      string
}

// environment is the product's configuration as in production. Metrics are on but
// are not scraped.
func (s *testbed) environment(p *product, database string, extra ...string) ([]string, error) {
	metrics, err := freeAddr()
	if err != nil {
		return nil, err
	}
	relay := s.relay.Addr()
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"BACKEND_HTTP_LISTEN_ADDR=" + p.http,
		"BACKEND_HTTP_TRUSTED_PROXIES=127.0.0.0/8",
		"BACKEND_GRPC_PUSH_LISTEN_ADDR=" + p.push,
		"BACKEND_PPROF_LISTEN_ADDR=" + p.pprof,
		"BACKEND_POSTGRES_DSN=" + s.dsn(database),
		"BACKEND_SMTP_HOST=" + relay.IP.String(),
		"BACKEND_SMTP_PORT=" + strconv.Itoa(relay.Port),
		"BACKEND_SMTP_FROM=galaxy@bench.example",
		"BACKEND_SMTP_TLS_MODE=none",
		"BACKEND_GEOIP_DB_PATH=" + s.path("country.mmdb"),
		"BACKEND_GAME_STATE_ROOT=" + s.path("games"),
		"BACKEND_DOCKER_NETWORK=galaxy-bench",
		"BACKEND_RUNTIME_DRIVER=process",
		"BACKEND_RUNTIME_ENGINE_BINARY=" + s.engine,
		"BACKEND_ADMIN_BOOTSTRAP_USER=" + operatorName,
		"BACKEND_ADMIN_BOOTSTRAP_PASSWORD=" + operatorPassword,
		"BACKEND_OTEL_TRACES_EXPORTER=none",
		"BACKEND_OTEL_METRICS_EXPORTER=prometheus",
		"BACKEND_OTEL_PROMETHEUS_LISTEN_ADDR=" + metrics,
	}, extra...), nil
}

// startProduct starts the product and returns how long it took to be ready. extra
// overrides the environment.
func (s *testbed) startProduct(name, database string, extra ...string) (*product, time.Duration, error) {
	p := new(product)
	for _, addr := range []*string{&p.http, &p.push, &p.pprof} {
		var err error
		if *addr, err = freeAddr(); err != nil {
			return nil, 0, err
		}
	}
	env, err := s.environment(p, database, extra...)
	if err != nil {
		return nil, 0, err
	}
	if p.process, err = s.startProcess(name, env, s.backend, "serve"); err != nil {
		return nil, 0, err
	}
	took, err := p.ready(p.http)
	if err != nil {
		return nil, 0, errors.Join(err, p.stop())
	}
	return p, took, nil
}

// anchorServer is a running anchor process.
type anchorServer struct {
	*process
	http, push string
}

// startAnchor starts the anchor; without its tables it only answers /readyz.
func (s *testbed) startAnchor(name string, whole bool) (*anchorServer, time.Duration, error) {
	b := new(anchorServer)
	var err error
	if b.http, err = freeAddr(); err != nil {
		return nil, 0, err
	}
	args := []string{"anchor", "-http", b.http, "-dsn", s.dsn(productDB)}
	if whole {
		if b.push, err = freeAddr(); err != nil {
			return nil, 0, err
		}
		args = append(args, "-grpc", b.push, "-tables", s.dsn(anchorDB))
	}
	if b.process, err = s.startProcess(name, []string{"PATH=" + os.Getenv("PATH")}, s.self, args...); err != nil {
		return nil, 0, err
	}
	took, err := b.ready(b.http)
	if err != nil {
		return nil, 0, errors.Join(err, b.stop())
	}
	return b, took, nil
}

// startBoth starts the product and the anchor; stop ends them.
func (s *testbed) startBoth(name string, extra ...string) (p *product, a *anchorServer, stop func(), err error) {
	if p, _, err = s.startProduct(name, productDB, extra...); err != nil {
		return nil, nil, nil, err
	}
	if a, _, err = s.startAnchor("anchor", true); err != nil {
		return nil, nil, nil, errors.Join(err, p.stop())
	}
	return p, a, func() { _, _ = a.stop(), p.stop() }, nil
}

// recreateDatabase drops a database and creates it again, empty.
func (s *testbed) recreateDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, s.postgres.DSN("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)"); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return err
}
