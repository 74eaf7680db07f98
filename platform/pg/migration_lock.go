package pg

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// migrationLockID is the advisory lock of a migrating process; the number is
// "galaxy" in ASCII.
const migrationLockID = 0x67616c617879

// migrationLockPeriod is how often a second starter asks for the lock. It polls,
// because a blocked pg_advisory_lock holds a snapshot that an index built
// CONCURRENTLY would wait for without end.
const migrationLockPeriod = 100 * time.Millisecond

// lockMigrations holds a session lock on a connection of its own.
func lockMigrations(ctx context.Context, std *sql.DB) (unlock func(), err error) {
	conn, err := std.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock the migrations: %w", err)
	}
	for {
		var acquired bool
		err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", int64(migrationLockID)).Scan(&acquired)
		if err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("lock the migrations: %w", err)
		}
		if acquired {
			return func() {
				ctx := context.WithoutCancel(ctx)
				_, _ = conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", int64(migrationLockID))
				_ = conn.Close()
			}, nil
		}
		if err := sleep(ctx, migrationLockPeriod); err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf("another process is migrating: %w", err)
		}
	}
}
