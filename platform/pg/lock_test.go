package pg_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func newLock(t *testing.T, dsn string) *pg.Lock {
	t.Helper()
	l, err := pg.NewLock(pg.Config{DSN: secret.New(dsn), OperationTimeout: 5 * time.Second}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Release(context.Background()) })
	return l
}

func TestOneBackendIsActiveAndTheNextTakesOverWhenItIsGone(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	first, second := newLock(t, dsn), newLock(t, dsn)
	require.ErrorIs(t, first.Held(), pg.ErrStandby)
	require.NoError(t, first.Acquire(t.Context(), func() { t.Error("nobody has it") }))
	require.NoError(t, first.Begin(t.Context()))
	require.NoError(t, first.Held())

	waiting, took := make(chan struct{}), make(chan error, 1)
	go func() { took <- second.Acquire(t.Context(), func() { close(waiting) }) }()
	<-waiting
	require.ErrorIs(t, second.Held(), pg.ErrStandby)
	require.NoError(t, first.Release(t.Context()))
	require.NoError(t, <-took)
	require.NoError(t, second.Begin(t.Context()))
	require.NoError(t, second.Held())
	require.ErrorIs(t, first.Held(), pg.ErrStandby)
	term := testkit.Conn(t, dsn).QueryRow(t.Context(), `SELECT term FROM backend_term`)
	var n int64
	require.NoError(t, term.Scan(&n))
	require.EqualValues(t, 2, n)
}

func TestAStandbyGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	first := newLock(t, dsn)
	require.NoError(t, first.Acquire(t.Context(), func() {}))
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, newLock(t, dsn).Acquire(ctx, cancel), context.Canceled)
}

const killHolders = `
SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

func TestALostSessionIsTakenAgainWhenNobodyWasActive(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	l := newLock(t, dsn)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	require.NoError(t, l.Begin(t.Context()))
	_, err := testkit.Conn(t, dsn).Exec(t.Context(), killHolders)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return l.Held() != nil }, 20*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return l.Held() == nil }, 20*time.Second, time.Millisecond)
	require.Empty(t, l.Lost())
}

func TestAProcessThatWasSupersededHasToStartAfresh(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	zombie, next := newLock(t, dsn), newLock(t, dsn)
	require.NoError(t, zombie.Acquire(t.Context(), func() {}))
	require.NoError(t, zombie.Begin(t.Context()))
	_, err := testkit.Conn(t, dsn).Exec(t.Context(), killHolders)
	require.NoError(t, err)
	require.NoError(t, next.Acquire(t.Context(), func() {}), "the next takes over before the zombie looks")
	require.NoError(t, next.Begin(t.Context()))
	require.Eventually(t, func() bool { return zombie.Held() != nil }, 20*time.Second, time.Millisecond)
	require.NoError(t, next.Release(t.Context()))
	require.ErrorIs(t, <-zombie.Lost(), pg.ErrSuperseded)
	require.ErrorIs(t, zombie.Held(), pg.ErrStandby)
}
