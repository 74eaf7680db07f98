package pg

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxuuid "github.com/vgarvardt/pgx-google-uuid/v5"
)

// DB is the pool. It runs reads; every write goes through InTx, because its
// sessions are read-only by default.
type DB struct {
	writable *pgx.ConnConfig      // of connections beside the pool, for migrations
	pool     func() *pgxpool.Pool // creates it at first use: a pool connects by itself
	created  atomic.Bool
	timeout  time.Duration
	stripes  *stripes
	fence    atomic.Pointer[func() error]

	reclaimed sync.Map // resource, a string → *once

	open      context.Context //nolint:containedctx // until Close
	close     context.CancelFunc
	resolving sync.WaitGroup

	statements, roundTrips atomic.Int64
}

// New makes a pool that connects at its first statement.
func New(cfg Config) (*DB, error) {
	pc, err := pgxpool.ParseConfig(cfg.DSN.Reveal())
	if err != nil {
		return nil, errors.New("BACKEND_POSTGRES_DSN is not a Postgres DSN") // err quotes the DSN
	}
	pc.MaxConns, pc.MinConns = cfg.MaxConns, cfg.MinConns
	pc.ConnConfig.Tracer = otelpgx.NewTracer()
	pc.AfterConnect = registerTypes
	setSessionDefaults(pc.ConnConfig, cfg.OperationTimeout)
	writable := pc.ConnConfig.Copy()
	setReadOnlyDefault(pc.ConnConfig)
	if pc.MaxConns < 1 {
		return nil, errors.New("BACKEND_POSTGRES_MAX_CONNS must be positive")
	}
	db := &DB{writable: writable, timeout: cfg.OperationTimeout, stripes: newStripes()}
	db.pool = sync.OnceValue(func() *pgxpool.Pool {
		db.created.Store(true)
		pool, err := pgxpool.NewWithConfig(context.Background(), pc)
		if err != nil {
			panic(err) // it checks MaxConns and nothing else
		}
		return pool
	})
	db.open, db.close = context.WithCancel(context.Background())
	return db, nil
}

// setSessionDefaults bounds what a lost peer or an abandoned transaction can
// hold: the server's own defaults are hours or never. What the DSN sets stays.
func setSessionDefaults(cc *pgx.ConnConfig, statement time.Duration) {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	for name, value := range map[string]string{
		"application_name":                    "galaxy-backend",
		"statement_timeout":                   ms(statement),
		"lock_timeout":                        ms(min(statement, 3*time.Second)),
		"idle_in_transaction_session_timeout": ms(30 * time.Second),
		"tcp_keepalives_idle":                 "30",
		"tcp_keepalives_interval":             "10",
		"tcp_keepalives_count":                "3",
		"client_connection_check_interval":    ms(10 * time.Second),
		"timezone":                            "UTC",
	} {
		if _, set := cc.RuntimeParams[name]; !set {
			cc.RuntimeParams[name] = value
		}
	}
	if cc.ConnectTimeout == 0 {
		cc.ConnectTimeout = statement
	}
	// A cancelled statement costs the statement, not the connection. When the
	// server does not answer the cancel request either, the deadline ends it.
	cc.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{
			Conn: conn, CancelRequestDelay: 0, DeadlineDelay: 500 * time.Millisecond,
		}
	}
}

// setReadOnlyDefault has the server refuse a write outside of InTx, whose
// transactions say READ WRITE.
func setReadOnlyDefault(cc *pgx.ConnConfig) {
	if cc.ValidateConnect == nil {
		cc.RuntimeParams["default_transaction_read_only"] = "on"
		return
	}
	// A DSN with target_session_attrs=read-write refuses a session that is
	// read-only from its start: it becomes so once it was accepted.
	cc.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		_, err := conn.Exec(ctx, "SET default_transaction_read_only = on").ReadAll()
		return err
	}
}

// registerTypes reads times as UTC, and sends ids as 16 bytes: pgx would ask
// their driver.Valuer for a text first, and find out each time that it does not
// fit.
func registerTypes(_ context.Context, conn *pgx.Conn) error {
	pgxuuid.Register(conn.TypeMap())
	conn.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	return translate(db.pool().Ping(ctx))
}

// Fence sets a check that every transaction makes first, and again before it
// commits: the holder of the leader lock may write, a process that lost it may
// not.
func (db *DB) Fence(check func() error) { db.fence.Store(&check) }

// Traffic counts what went to the server since the pool was made. Tests limit
// the round trips of commands with it.
type Traffic struct{ Statements, RoundTrips int64 }

// Traffic returns the counters.
func (db *DB) Traffic() Traffic {
	return Traffic{Statements: db.statements.Load(), RoundTrips: db.roundTrips.Load()}
}

func (db *DB) count(statements int) {
	db.statements.Add(int64(statements))
	db.roundTrips.Add(1)
}
