package pg

import (
	"context"
	"fmt"
	"time"
)

// resolvePeriod is how often the server is asked whether a transaction of
// unknown outcome is over.
const resolvePeriod = 100 * time.Millisecond

// resolveLater waits in the background until the server process behind a COMMIT
// of unknown outcome has ended. Until then the COMMIT may still take effect: the
// process may hang, or bytes may be delayed, and a read of the row returns what
// was before.
func (db *DB) resolveLater(pid uint32, keys []staged) {
	if len(keys) == 0 {
		return
	}
	db.resolving.Go(func() {
		for !db.processEnded(pid) {
			if sleep(db.open, resolvePeriod) != nil {
				return // the pool is closing, and the caches with it
			}
		}
		for _, k := range keys {
			k.Resolved()
		}
	})
}

// processEnded reports whether no process of the server has this id. While the
// server cannot be asked the process counts as running. An id that was reused
// delays the resolution and makes nothing wrong.
func (db *DB) processEnded(pid uint32) bool {
	const absent = `SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND datname = current_database())`
	ended, err := Get[bool](db.open, db, absent, int64(pid))
	return err == nil && ended
}

// Close ends every connection once its work is done, or when ctx ends.
func (db *DB) Close(ctx context.Context) error {
	db.close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		db.resolving.Wait()
		if db.created.Load() {
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
