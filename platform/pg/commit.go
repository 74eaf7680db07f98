package pg

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
)

// stripeCount is how many locks the keys of all caches share.
const stripeCount = 1024

// stripes order the after-commit work of transactions that changed the same
// keys. Without them two commits may reach a cache in the other order, and the
// older value stays for ever.
type stripes [stripeCount]sync.Mutex

func newStripes() *stripes { return new(stripes) }

// lock takes the stripes of all staged keys, in ascending order, so that two
// transactions never wait for each other, and returns how to give them back.
func (s *stripes) lock(keys []staged) (unlock func()) {
	taken := make([]uint64, 0, len(keys))
	for _, k := range keys {
		taken = append(taken, k.hash%stripeCount)
	}
	slices.Sort(taken)
	taken = slices.Compact(taken)
	for _, i := range taken {
		s[i].Lock()
	}
	return func() {
		for _, i := range taken {
			s[i].Unlock()
		}
	}
}

type staged struct {
	hash         uint64
	apply, dirty func()
}

// Stage registers a change of a cache entry. After COMMIT apply runs under the
// stripe of hash, in commit order among all that share it; when the outcome is
// unknown dirty runs instead and makes the next reader ask the database. Only
// platform/cache calls it.
func (tx *Tx) Stage(hash uint64, apply, dirty func()) {
	tx.staged = append(tx.staged, staged{hash, apply, dirty})
}

// commit makes the transaction durable and lets its consequences out. The
// caller's cancellation no longer counts: a client that hangs up must not turn
// a finished change into an unknown one.
func (tx *Tx) commit(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if !tx.begun && len(tx.queued) == 0 && len(tx.ahead) == 0 {
		tx.conn.Release()
		tx.applied()
		return nil
	}
	unlock := tx.db.stripes.lock(tx.staged)
	err := tx.send(ctx, &statement{sql: "COMMIT"}, readCommit)
	switch {
	case err == nil:
		tx.conn.Release()
		for _, s := range tx.staged {
			s.apply()
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
			s.dirty()
		}
		unlock()
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
