package pg

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// attempts bounds how often InTx runs a function whose transaction lost
// against another one.
const attempts = 5

// Tx is a transaction under way. It belongs to one goroutine.
type Tx struct {
	db       *DB
	conn     *pgxpool.Conn
	begun    bool
	ahead    []statement
	queued   []statement
	onCommit []func()
	staged   []staged
}

type statement struct {
	sql  string
	args []any
}

// InTx runs fn in a transaction. An error of fn rolls back and is returned as
// it is. fn runs again when the transaction lost against another one.
func (db *DB) InTx(ctx context.Context, fn func(ctx context.Context, tx *Tx) error) error {
	if err := db.fenced(); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := db.once(ctx, db.patience(attempt), fn)
		if err == nil || !retriable(err) || attempt == attempts || errors.Is(err, ErrOutcomeUnknown) {
			return err
		}
	}
}

// patience is how long an attempt waits for the stripes of its keys: longer than
// any sound COMMIT takes, and each time more, since a slow database is no
// deadlock.
func (db *DB) patience(attempt int) time.Duration {
	if attempt == attempts {
		return db.timeout
	}
	return min(db.timeout, 100*time.Millisecond<<(attempt-1))
}

func (db *DB) once(ctx context.Context, patience time.Duration, fn func(context.Context, *Tx) error) (err error) {
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
		err = db.fenced() // the lock may have been lost while fn ran
	}
	if err != nil {
		tx.rollback(ctx)
		return err
	}
	return tx.commit(ctx, patience)
}

func (db *DB) fenced() error {
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

// Ahead holds a statement back that has to be committed whatever becomes of this
// transaction: it travels with its first statement, in a transaction of its own
// before it, so what the first statement reads has it. A function that runs
// again sends it again. Call it before anything else was sent.
func (tx *Tx) Ahead(sql string, args ...any) {
	if tx.begun {
		panic("pg: Ahead is called within a transaction that has begun")
	}
	tx.ahead = append(tx.ahead, statement{sql, args})
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

// send puts what goes ahead, BEGIN, if still needed, what is queued and last into
// one round trip. last may be nil.
func (tx *Tx) send(ctx context.Context, last *statement, read func(pgx.BatchResults) error) error {
	batch := &pgx.Batch{}
	if len(tx.ahead) > 0 {
		batch.Queue("BEGIN")
		for _, s := range tx.ahead {
			batch.Queue(s.sql, s.args...)
		}
		batch.Queue("COMMIT")
	}
	if !tx.begun {
		batch.Queue("BEGIN")
	}
	for _, s := range tx.queued {
		batch.Queue(s.sql, s.args...)
	}
	ahead := batch.Len()
	if last != nil {
		batch.Queue(last.sql, last.args...)
	}
	tx.begun, tx.ahead, tx.queued = true, nil, nil
	ctx, cancel := context.WithTimeout(ctx, tx.db.timeout)
	defer cancel()
	tx.db.count(batch.Len())
	res := tx.conn.SendBatch(ctx, batch)
	err := drain(res, ahead)
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
