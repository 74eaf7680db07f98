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
	require.Eventually(t, func() bool { return l.Held() != nil }, 20*time.Second, time.Microsecond)
	require.Eventually(t, func() bool { return l.Held() == nil }, 20*time.Second, time.Millisecond)
	require.Empty(t, l.Lost())
}

func TestAnEndedLockSessionIsNoticedBeforeTheNextWrite(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.Open(t, p.DSN)
	zombie, next := newLock(t, p.DSN), newLock(t, p.DSN)
	require.NoError(t, zombie.Acquire(t.Context(), func() {}))
	require.NoError(t, zombie.Begin(t.Context()))
	db.Fence(zombie.Held)
	exec(t, db, createItems)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`); err != nil {
			return err
		}
		// Between two statements of a transaction the world moves on.
		if _, err := testkit.Conn(t, p.DSN).Exec(ctx, killHolders); err != nil {
			return err
		}
		return next.Acquire(ctx, func() {})
	})
	require.ErrorIs(t, err, pg.ErrStandby, "its COMMIT was held back")
	require.ErrorIs(t, db.InTx(t.Context(), func(context.Context, *pg.Tx) error { return nil }), pg.ErrStandby)
	require.Zero(t, count(t, db))
}

func TestADoubtIsSettledByOneQuestion(t *testing.T) {
	t.Parallel()
	l := newLock(t, testkit.Postgres(t).DSN)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	require.NoError(t, l.Begin(t.Context()))
	pg.Distrust(l)
	pg.Doubt(l)
	require.Eventually(t, func() bool { return l.Held() == nil }, 4*time.Second, time.Millisecond, "sooner than the next check is due")
	require.Empty(t, l.Lost())
}

func TestAStartThatTakesLongerThanTheTrustIsTrusted(t *testing.T) {
	t.Parallel()
	l := newLock(t, testkit.Postgres(t).DSN)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	pg.Distrust(l) // the migrations took their time
	require.ErrorIs(t, l.Held(), pg.ErrStandby)
	require.NoError(t, l.Begin(t.Context()))
	require.NoError(t, l.Held())
}

func TestTheFenceAnswersWhileTheServerDoesNot(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, p.Addr)
	l := newLock(t, p.Via(proxy.Addr()))
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	require.NoError(t, l.Begin(t.Context()))
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("SELECT 1"), Then: testkit.Cut})
	proxy.Inject(testkit.Fault{Toward: testkit.ToServer, At: testkit.Runs("backend_term"), Then: testkit.Swallow, Times: -1})
	pg.Doubt(l)
	require.Eventually(t, func() bool { return l.Held() != nil }, 20*time.Second, time.Microsecond)
	begin := time.Now()
	require.ErrorIs(t, l.Held(), pg.ErrStandby, "the term cannot be read")
	require.Less(t, time.Since(begin), time.Second)
	require.NoError(t, l.Release(t.Context()))
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
