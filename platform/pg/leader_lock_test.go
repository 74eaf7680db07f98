package pg_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/secret"
	"galaxy/backend/platform/testkit"
)

func newLeaderLock(t *testing.T, dsn string) *pg.LeaderLock {
	t.Helper()
	l, err := pg.NewLeaderLock(pg.Config{DSN: secret.New(dsn), OperationTimeout: 5 * time.Second}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Release(context.Background()) })
	return l
}

func TestOneBackendIsActiveAndTheNextTakesOverWhenItIsGone(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	first, second := newLeaderLock(t, dsn), newLeaderLock(t, dsn)
	require.ErrorIs(t, first.Held(), pg.ErrStandby)
	require.NoError(t, first.Acquire(t.Context(), func() { t.Error("no other process has it") }))
	require.NoError(t, first.BeginTerm(t.Context()))
	require.NoError(t, first.Held())

	waiting, took := make(chan struct{}), make(chan error, 1)
	go func() { took <- second.Acquire(t.Context(), func() { close(waiting) }) }()
	<-waiting
	require.ErrorIs(t, second.Held(), pg.ErrStandby)
	require.NoError(t, first.Release(t.Context()))
	require.NoError(t, <-took)
	require.NoError(t, second.BeginTerm(t.Context()))
	require.NoError(t, second.Held())
	require.ErrorIs(t, first.Held(), pg.ErrStandby)
	term := testkit.Conn(t, dsn).QueryRow(t.Context(), `SELECT term FROM backend_term`)
	var n int64
	require.NoError(t, term.Scan(&n))
	require.EqualValues(t, 2, n)
}

func TestAcquireEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	first := newLeaderLock(t, dsn)
	require.NoError(t, first.Acquire(t.Context(), func() {}))
	ctx, cancel := context.WithCancel(t.Context())
	require.ErrorIs(t, newLeaderLock(t, dsn).Acquire(ctx, cancel), context.Canceled)
}

const terminateHolders = `
SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

func TestALostLockIsAcquiredAgainWhenNoOtherWasActive(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	l := newLeaderLock(t, dsn)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	require.NoError(t, l.BeginTerm(t.Context()))
	_, err := testkit.Conn(t, dsn).Exec(t.Context(), terminateHolders)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return l.Held() != nil }, 20*time.Second, time.Microsecond)
	require.Eventually(t, func() bool { return l.Held() == nil }, 20*time.Second, time.Millisecond)
	require.Empty(t, l.Lost())
}

func TestALockSessionThatEndedIsNoticedBeforeTheNextWrite(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	db := testkit.Open(t, p.DSN)
	stale, next := newLeaderLock(t, p.DSN), newLeaderLock(t, p.DSN)
	require.NoError(t, stale.Acquire(t.Context(), func() {}))
	require.NoError(t, stale.BeginTerm(t.Context()))
	db.Fence(stale.Held)
	exec(t, db, createItems)
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO items (id) VALUES (1)`); err != nil {
			return err
		}
		// Another process takes over between two statements of the transaction.
		if _, err := testkit.Conn(t, p.DSN).Exec(ctx, terminateHolders); err != nil {
			return err
		}
		return next.Acquire(ctx, func() {})
	})
	require.ErrorIs(t, err, pg.ErrStandby, "COMMIT was not sent")
	require.ErrorIs(t, db.InTx(t.Context(), func(context.Context, *pg.Tx) error { return nil }), pg.ErrStandby)
	require.Zero(t, count(t, db))
}

func TestARecheckMakesTheLockValidAgain(t *testing.T) {
	t.Parallel()
	l := newLeaderLock(t, testkit.Postgres(t).DSN)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	require.NoError(t, l.BeginTerm(t.Context()))
	pg.ExpireValidity(l)
	pg.Recheck(l)
	held := func() bool { return l.Held() == nil }
	require.Eventually(t, held, 4*time.Second, time.Millisecond, "before the next check is due")
	require.Empty(t, l.Lost())
}

func TestALockIsValidAfterAStartThatTookLongerThanItsCheck(t *testing.T) {
	t.Parallel()
	l := newLeaderLock(t, testkit.Postgres(t).DSN)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	pg.ExpireValidity(l) // the migrations took long
	require.ErrorIs(t, l.Held(), pg.ErrStandby)
	require.NoError(t, l.BeginTerm(t.Context()))
	require.NoError(t, l.Held())
}

func TestHeldAnswersWhileTheServerDoesNot(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, p.Addr)
	l := newLeaderLock(t, p.Via(proxy.Addr()))
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	require.NoError(t, l.BeginTerm(t.Context()))
	proxy.Inject(testkit.Fault{Toward: testkit.ToClient, At: testkit.Completes("SELECT 1"), Then: testkit.Cut})
	proxy.Inject(testkit.Fault{
		Toward: testkit.ToServer, At: testkit.Runs("backend_term"), Then: testkit.Discard, Times: -1,
	})
	pg.Recheck(l)
	require.Eventually(t, func() bool { return l.Held() != nil }, 20*time.Second, time.Microsecond)
	begin := time.Now()
	require.ErrorIs(t, l.Held(), pg.ErrStandby, "the term cannot be read")
	require.Less(t, time.Since(begin), time.Second)
	require.NoError(t, l.Release(t.Context()))
}

func TestAProcessThatWasSupersededHasToRestart(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	stale, next := newLeaderLock(t, dsn), newLeaderLock(t, dsn)
	require.NoError(t, stale.Acquire(t.Context(), func() {}))
	require.NoError(t, stale.BeginTerm(t.Context()))
	_, err := testkit.Conn(t, dsn).Exec(t.Context(), terminateHolders)
	require.NoError(t, err)
	require.NoError(t, next.Acquire(t.Context(), func() {}), "the next one takes over before the stale one checks")
	require.NoError(t, next.BeginTerm(t.Context()))
	require.Eventually(t, func() bool { return stale.Held() != nil }, 20*time.Second, time.Millisecond)
	require.NoError(t, next.Release(t.Context()))
	require.ErrorIs(t, <-stale.Lost(), pg.ErrSuperseded)
	require.ErrorIs(t, stale.Held(), pg.ErrStandby)
}

func TestALockThatIsNotHeldHasNoTerm(t *testing.T) {
	t.Parallel()
	l := newLeaderLock(t, testkit.Postgres(t).DSN)
	require.ErrorIs(t, l.BeginTerm(t.Context()), pg.ErrStandby)
	require.NoError(t, l.Release(t.Context()))
	require.NoError(t, l.Release(t.Context()))
	require.Equal(t, 503, fault.From(l.Held()).Code.Status())
}

func TestATermBeginsOnce(t *testing.T) {
	t.Parallel()
	dsn := testkit.Postgres(t).DSN
	l := newLeaderLock(t, dsn)
	require.NoError(t, l.Acquire(t.Context(), func() {}))
	require.NoError(t, l.BeginTerm(t.Context()))
	require.NoError(t, l.BeginTerm(t.Context()))
	var term int64
	var holder string
	row := testkit.Conn(t, dsn).QueryRow(t.Context(), `SELECT term, holder FROM backend_term`)
	require.NoError(t, row.Scan(&term, &holder))
	require.EqualValues(t, 1, term)
	require.Contains(t, holder, "/"+strconv.Itoa(os.Getpid()))
}

func TestTheSchemaHasToBeThereForATerm(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	_, err := testkit.Conn(t, p.DSN).Exec(t.Context(), `DROP SCHEMA backend CASCADE`)
	require.NoError(t, err)
	l := newLeaderLock(t, p.DSN)
	require.NoError(t, l.Acquire(t.Context(), func() {}), "it is acquired before the migrations")
	require.ErrorContains(t, l.BeginTerm(t.Context()), `raise the term: ERROR: relation "backend_term" does not exist`)
}

func TestADatabaseThatCannotBeReachedIsWaitedForWithOneWarning(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	proxy := testkit.PostgresProxy(t, p.Addr)
	startup := func(m testkit.Message) bool { return m.Type == 0 }
	proxy.Inject(testkit.Fault{Toward: testkit.ToServer, At: startup, Times: 2})
	core, logs := observer.New(zap.WarnLevel)
	cfg := pg.Config{DSN: secret.New(p.Via(proxy.Addr())), OperationTimeout: 5 * time.Second}
	l, err := pg.NewLeaderLock(cfg, zap.New(core))
	require.NoError(t, err)
	require.NoError(t, l.Acquire(t.Context(), func() { t.Error("no other process has it") }))
	require.NoError(t, l.Release(t.Context()))
	require.Len(t, logs.FilterMessage("database cannot be reached, waiting for it").All(), 1)
}
