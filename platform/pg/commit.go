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
// keys. Without them two commits may reach a cache in the other order, and the
// older value stays for ever.
//
// They are held while the last batch of a transaction runs, and a statement in
// it may wait for a row of a transaction that waits for the stripe: a deadlock
// that Postgres cannot see. So whoever waits loses patience, rolls back, which
// frees its rows, and runs again.
type stripes [stripeCount]chan struct{}

func newStripes() *stripes {
	s := new(stripes)
	for i := range s {
		s[i] = make(chan struct{}, 1)
	}
	return s
}

// errContended is a transaction that waited too long for a stripe.
var errContended = errors.New("another commit holds the stripe of a key")

// lock takes the stripes of all staged keys, in ascending order, so that two
// transactions never wait for each other here, and returns how to give them
// back. It is nil when patience ran out.
func (s *stripes) lock(keys []staged, patience time.Duration) (unlock func()) {
	wanted := make([]uint64, 0, len(keys))
	for _, k := range keys {
		wanted = append(wanted, k.hash%stripeCount)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	var timeout <-chan time.Time
	for n, i := range wanted {
		select {
		case s[i] <- struct{}{}:
			continue
		default:
		}
		if timeout == nil {
			timer := time.NewTimer(patience)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case s[i] <- struct{}{}:
		case <-timeout:
			s.free(wanted[:n])
			return nil
		}
	}
	return func() { s.free(wanted) }
}

func (s *stripes) free(taken []uint64) {
	for _, i := range taken {
		<-s[i]
	}
}

type staged struct {
	hash uint64
	Effect
}

// Effect is what a transaction does to an entry of a cache.
type Effect struct {
	Apply  func() // it was committed
	Doubt  func() // nobody knows: until Settle the entry must not be remembered
	Settle func() // the database's word is final again
}

// Stage registers a change of a cache entry. After COMMIT Apply runs under the
// stripe of hash, in commit order among all that share it; when the outcome is
// unknown Doubt runs instead, and Settle once the server has let go of the
// transaction. It is for what remembers rows: platform/cache, and push, whose
// revocations are replayed once a doubt is settled.
func (tx *Tx) Stage(hash uint64, e Effect) { tx.staged = append(tx.staged, staged{hash, e}) }

// commit makes the transaction durable and lets its consequences out. The
// caller's cancellation no longer counts: a client that hangs up must not turn
// a finished change into an unknown one.
func (tx *Tx) commit(ctx context.Context, patience time.Duration) error {
	ctx = context.WithoutCancel(ctx)
	if !tx.begun && len(tx.queued) == 0 && len(tx.ahead) == 0 {
		tx.conn.Release()
		tx.applied()
		return nil
	}
	unlock := tx.db.stripes.lock(tx.staged, patience)
	if unlock == nil {
		tx.rollback(ctx)
		return ErrUnavailable.Because(errContended)
	}
	err := tx.send(ctx, &statement{sql: "COMMIT"}, readCommit)
	switch {
	case err == nil:
		tx.conn.Release()
		for _, s := range tx.staged {
			s.Apply()
		}
		unlock()
		tx.applied()
		return nil
	case refused(err):
		unlock()
		tx.rollback(ctx)
		return err
	default:
		for _, s := range tx.staged {
			s.Doubt()
		}
		unlock()
		tx.db.settle(tx.conn.Conn().PgConn().PID(), tx.staged)
		tx.conn.Release()
		return ErrOutcomeUnknown.Because(err)
	}
}

// applied runs what OnCommit registered. The connection is back in the pool
// and no lock is held: it may do anything.
func (tx *Tx) applied() {
	for _, fn := range tx.onCommit {
		fn()
	}
}

// errRolledBack is COMMIT's answer inside a transaction that had already
// failed, which a caller that swallowed a statement's error runs into.
var errRolledBack = errors.New("the transaction had failed before its commit")

func readCommit(res pgx.BatchResults) error {
	tag, err := res.Exec()
	if err == nil && tag.String() == "ROLLBACK" {
		return errRolledBack
	}
	return err
}

// refused reports whether the server said no: nothing was committed. A FATAL
// one (the server is shutting down) may follow a commit that had succeeded, and
// an error that is not the server's says nothing at all.
func refused(err error) bool {
	if pe := pgError(err); pe != nil {
		return pe.SeverityUnlocalized == "ERROR"
	}
	return errors.Is(err, errRolledBack)
}
