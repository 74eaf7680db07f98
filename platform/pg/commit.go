package pg

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// stripeCount is how many locks the keys of all caches share.
const stripeCount = 1024

// stripes order the after-commit work of transactions that changed the same
// keys. Without them two commits may reach a cache in reverse order, and the
// older value stays for ever.
//
// They are held while the last batch of a transaction runs, and a statement in
// it may wait for a row of a transaction that waits for the stripe: a deadlock
// that Postgres cannot see. So the wait for a stripe has a timeout, after which
// the transaction rolls back, which frees its rows, and runs again.
type stripes [stripeCount]chan struct{}

func newStripes() *stripes {
	s := new(stripes)
	for i := range s {
		s[i] = make(chan struct{}, 1)
	}
	return s
}

// errContended is a transaction that waited too long for a stripe.
var errContended = errors.New("timed out waiting for another commit of the same key")

// lock takes the stripes of all staged keys, in ascending order, so that two
// transactions never wait for each other here, and returns how to release them.
// It returns nil after timeout.
func (s *stripes) lock(keys []staged, timeout time.Duration) (unlock func()) {
	indexes := make([]uint64, 0, len(keys))
	for _, k := range keys {
		indexes = append(indexes, k.hash%stripeCount)
	}
	slices.Sort(indexes)
	indexes = slices.Compact(indexes)
	var expired <-chan time.Time
	for n, i := range indexes {
		select {
		case s[i] <- struct{}{}:
			continue
		default:
		}
		if expired == nil {
			timer := time.NewTimer(timeout)
			defer timer.Stop()
			expired = timer.C
		}
		select {
		case s[i] <- struct{}{}:
		case <-expired:
			s.unlock(indexes[:n])
			return nil
		}
	}
	return func() { s.unlock(indexes) }
}

func (s *stripes) unlock(indexes []uint64) {
	for _, i := range indexes {
		<-s[i]
	}
}

type staged struct {
	hash uint64
	Effect
}

// Effect is what a transaction does to an entry of a cache.
type Effect struct {
	Apply    func() // it was committed
	InDoubt  func() // the outcome is unknown: until Resolved the entry must not be cached
	Resolved func() // what the database says is final again
}

// Stage registers a change of a cache entry. After COMMIT Apply runs under the
// stripe of hash, in commit order among all that share it; when the outcome is
// unknown InDoubt runs instead, and Resolved once the server has ended the
// transaction. It is for what keeps rows in memory: platform/cache, and push,
// whose revocations are replayed once the outcome is resolved.
func (tx *Tx) Stage(hash uint64, e Effect) { tx.staged = append(tx.staged, staged{hash, e}) }

// commit makes the transaction durable and runs what depends on that. It ignores
// the caller's cancellation: a client that hangs up must not turn a finished
// change into one of unknown outcome.
func (tx *Tx) commit(ctx context.Context, stripeTimeout time.Duration) error {
	ctx = context.WithoutCancel(ctx)
	unlock := tx.db.stripes.lock(tx.staged, stripeTimeout)
	if unlock == nil {
		tx.rollback(ctx)
		return ErrUnavailable.Because(errContended)
	}
	var err error
	if tx.begun || len(tx.queued) > 0 || len(tx.autonomous) > 0 {
		err = tx.send(ctx, &statement{sql: "COMMIT"}, readCommit)
	}
	switch {
	case err == nil:
		tx.conn.Release()
		for _, s := range tx.staged {
			s.Apply()
		}
		unlock()
		tx.runOnCommit()
		return nil
	case notCommitted(err):
		unlock()
		tx.rollback(ctx)
		return err
	default:
		for _, s := range tx.staged {
			s.InDoubt()
		}
		unlock()
		tx.db.resolveLater(tx.conn.Conn().PgConn().PID(), tx.staged)
		tx.conn.Release()
		return ErrOutcomeUnknown.Because(err)
	}
}

// runOnCommit runs what OnCommit registered. The connection is back in the pool
// and no lock is held: the functions may use the database.
func (tx *Tx) runOnCommit() {
	for _, fn := range tx.onCommit {
		fn()
	}
}

// errRolledBack is COMMIT's answer in a transaction that had already failed,
// because its function ignored the error of a statement.
var errRolledBack = errors.New("the transaction had failed before its commit")

func readCommit(res pgx.BatchResults) error {
	tag, err := res.Exec()
	if err == nil && tag.String() == "ROLLBACK" {
		return errRolledBack
	}
	return err
}

// notCommitted reports whether the server has refused: nothing was committed. A
// FATAL error (the server is shutting down) may follow a commit that had
// succeeded, and an error that is not the server's says nothing at all.
func notCommitted(err error) bool {
	if pe := pgError(err); pe != nil {
		return pe.SeverityUnlocalized == "ERROR"
	}
	return errors.Is(err, errRolledBack)
}
