package pg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// begin lifts the session's default, which is read-only.
const begin = "BEGIN READ WRITE"

// maxAttempts bounds how often InTx runs a function whose transaction conflicts
// with another one.
const maxAttempts = 5

// Tx is an open transaction. It belongs to one goroutine.
type Tx struct {
	db       *DB
	conn     *pgxpool.Conn
	begun    bool
	queued   []statement
	onCommit []func()
	staged   []staged

	autonomous []statement
}

type statement struct {
	sql  string
	args []any
}

// InTx runs fn in a transaction. An error of fn rolls back and is returned as
// it is. fn runs again when the transaction conflicts with another one.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if err := db.checkFence(); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := db.runOnce(ctx, db.stripeTimeout(attempt), fn)
		if err == nil || !retriable(err) || attempt == maxAttempts || errors.Is(err, ErrOutcomeUnknown) {
			return err
		}
	}
}

// stripeTimeout is how long an attempt waits for the stripes of its keys: longer
// than a healthy COMMIT takes, and each time more, since a slow database is no
// deadlock.
func (db *DB) stripeTimeout(attempt int) time.Duration {
	if attempt == maxAttempts {
		return db.timeout
	}
	return min(db.timeout, 100*time.Millisecond<<(attempt-1))
}

func (db *DB) runOnce(
	ctx context.Context, stripeTimeout time.Duration, fn func(context.Context, *Tx) error,
) (err error) {
	conn, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	tx := &Tx{db: db, conn: conn}
	returned := false
	defer func() {
		if !returned { // a panic, or a test that ends its goroutine
			tx.rollback(ctx)
		}
	}()
	err = fn(ctx, tx)
	returned = true
	if err == nil {
		err = db.checkFence() // the lock may have been lost while fn ran
	}
	if err != nil {
		tx.rollback(ctx)
		return err
	}
	return tx.commit(ctx, stripeTimeout)
}

func (db *DB) checkFence() error {
	if check := db.fence.Load(); check != nil {
		return (*check)()
	}
	return nil
}

func (db *DB) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, db.timeout)
	defer cancel()
	conn, err := db.pool().Acquire(ctx)
	if err != nil {
		return nil, translate(fmt.Errorf("acquire a connection: %w", err))
	}
	return conn, nil
}

// Exec runs a statement now and returns how many rows it touched.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	var n int64
	err := tx.send(ctx, &statement{sql, args}, func(res pgx.BatchResults) error {
		tag, err := res.Exec()
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

// Queue holds a statement back until the next one, or COMMIT, takes it along:
// no round trip of its own. Its error surfaces there. It is for writes whose
// row count does not matter. The statements of one round trip are prepared
// before any of them runs, so none may need another one's schema change.
func (tx *Tx) Queue(sql string, args ...any) {
	tx.queued = append(tx.queued, statement{sql, args})
}

// Autonomous holds a statement back that is committed whatever becomes of this
// transaction: it runs in a transaction of its own before this one, in the same
// round trip as the first statement, which sees what it has written. Without
// that round trip to save, two calls of InTx would say the same. A function that
// runs again sends it again. Call it before anything else was sent.
func (tx *Tx) Autonomous(sql string, args ...any) {
	if tx.begun {
		panic("pg: Autonomous is called after the transaction has begun")
	}
	tx.autonomous = append(tx.autonomous, statement{sql, args})
}

// OnCommit registers fn to run after COMMIT, in order of registration.
func (tx *Tx) OnCommit(fn func()) { tx.onCommit = append(tx.onCommit, fn) }

func (tx *Tx) query(ctx context.Context, sql string, args []any, scan func(pgx.Rows) error) error {
	return tx.send(ctx, &statement{sql, args}, func(res pgx.BatchResults) error {
		rows, err := res.Query()
		if err != nil {
			return err
		}
		defer rows.Close()
		if err := scan(rows); err != nil {
			return err
		}
		rows.Close()
		return rows.Err()
	})
}

// send puts the autonomous statements, BEGIN if it is still needed, the queued
// statements and last into one round trip. last may be nil.
func (tx *Tx) send(ctx context.Context, last *statement, read func(pgx.BatchResults) error) error {
	batch := &pgx.Batch{}
	if len(tx.autonomous) > 0 {
		batch.Queue(begin)
		for _, s := range tx.autonomous {
			batch.Queue(s.sql, s.args...)
		}
		batch.Queue("COMMIT")
	}
	if !tx.begun {
		batch.Queue(begin)
	}
	for _, s := range tx.queued {
		batch.Queue(s.sql, s.args...)
	}
	preceding := batch.Len()
	if last != nil {
		batch.Queue(last.sql, last.args...)
	}
	tx.begun, tx.autonomous, tx.queued = true, nil, nil
	ctx, cancel := context.WithTimeout(ctx, tx.db.timeout)
	defer cancel()
	tx.db.count(batch.Len())
	res := tx.conn.SendBatch(ctx, batch)
	err := drain(res, preceding)
	if err == nil && last != nil {
		err = read(res)
	}
	if closed := res.Close(); err == nil {
		err = closed
	}
	return translate(err)
}

func drain(res pgx.BatchResults, n int) error {
	for range n {
		if _, err := res.Exec(); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) rollback(ctx context.Context) {
	defer tx.conn.Release() // destroys a connection that is still in a transaction
	if !tx.begun || tx.conn.Conn().IsClosed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tx.db.timeout)
	defer cancel()
	tx.db.count(1)
	_, _ = tx.conn.Exec(ctx, "ROLLBACK") // a failure destroys the connection, which rolls back too
}
