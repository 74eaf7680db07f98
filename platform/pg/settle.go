package pg

import (
	"context"
	"fmt"
	"time"
)

// settlePoll is how often the server is asked whether a transaction of unknown
// outcome is over.
const settlePoll = 100 * time.Millisecond

// settle waits in the background until the server process behind a COMMIT of
// unknown outcome is gone. Until then the COMMIT may still take effect: a
// process that hangs, or bytes on a slow way, and whoever reads the row now
// reads what was before.
func (db *DB) settle(pid uint32, keys []staged) {
	if len(keys) == 0 {
		return
	}
	db.settling.Go(func() {
		for !db.gone(pid) {
			if sleep(db.open, settlePoll) != nil {
				return // the pool is closing, and the caches go with it
			}
		}
		for _, k := range keys {
			k.Settle()
		}
	})
}

// gone reports whether no process of the server has this id. One that cannot be
// asked about is there. An id that was given anew costs reads, not truth.
func (db *DB) gone(pid uint32) bool {
	const absent = `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND datname = current_database())`
	is, err := Get[bool](db.open, db, absent, int64(pid))
	return err == nil && is
}

// Close ends every connection once its work is done, or when ctx ends.
func (db *DB) Close(ctx context.Context) error {
	db.close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.settling.Wait()
		if db.made.Load() {
			db.pool().Close()
		}
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("connections are still in use: %w", ctx.Err())
	}
}
