package outbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var queue = outbox.Queue{
	Table: "jobs", Key: "job_id", Ready: "q.status = 'ready'", Busy: "q.status = 'busy'", Claimed: "status = 'busy'",
}

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// jobs makes a queue with n due rows, the first due earliest.
func jobs(t *testing.T, n int) (*pg.DB, []uuid.UUID) { t.Helper(); return jobsOn(t, testkit.DB(t), n) }

func jobsOn(t *testing.T, db *pg.DB, n int) (*pg.DB, []uuid.UUID) {
	t.Helper()
	ids := make([]uuid.UUID, n)
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, `CREATE TABLE jobs (job_id uuid PRIMARY KEY, status text NOT NULL DEFAULT 'ready', claim_token uuid,
lease_until timestamptz, attempts int NOT NULL DEFAULT 0, next_attempt_at timestamptz NOT NULL)`)
		for i := range ids {
			ids[i] = uuid.New()
			tx.Queue(`INSERT INTO jobs (job_id, next_attempt_at) VALUES ($1, $2)`, ids[i], now.Add(time.Duration(i-n)*time.Second))
		}
		return err
	}))
	return db, ids
}

func claim(t *testing.T, db *pg.DB, n int, lease time.Duration) []outbox.Claim {
	t.Helper()
	claims, err := queue.Claim(t.Context(), db, now, n, lease, nil)
	require.NoError(t, err)
	return claims
}

// finish ends a claim as a domain does, and reports whether it was still held.
func finish(t *testing.T, db *pg.DB, c outbox.Claim) bool {
	t.Helper()
	var n int64
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		const done = `
UPDATE jobs SET status = 'done', claim_token = NULL WHERE job_id = $1 AND claim_token = $2 AND status = 'busy'`
		n, err = tx.Exec(ctx, done, c.Key, c.Token)
		return err
	}))
	return n == 1
}

func TestTheEarliestDueRowsAreClaimedAndCounted(t *testing.T) {
	t.Parallel()
	db, ids := jobs(t, 5)
	claims := claim(t, db, 2, time.Minute)
	var got []uuid.UUID
	for _, c := range claims {
		got = append(got, c.Key)
		require.Equal(t, 1, c.Attempt)
		require.False(t, c.Rescued)
	}
	require.ElementsMatch(t, ids[:2], got)
	require.Len(t, claim(t, db, 10, time.Minute), 3, "claimed rows are not claimed again")
}

func TestARowThatIsNotDueIsLeftAlone(t *testing.T) {
	t.Parallel()
	db, _ := jobs(t, 1)
	claims, err := queue.Claim(t.Context(), db, now.Add(-time.Hour), 10, time.Minute, nil)
	require.NoError(t, err)
	require.Empty(t, claims)
}

func TestEveryRowIsClaimedByExactlyOneOfManyWorkers(t *testing.T) {
	t.Parallel()
	const rows = 400
	db, _ := jobs(t, rows)
	var mu sync.Mutex
	seen := map[uuid.UUID]int{}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				claims, err := queue.Claim(t.Context(), db, now, 7, time.Minute, nil)
				if err != nil {
					t.Error(err)
				}
				if len(claims) == 0 {
					return
				}
				mu.Lock()
				for _, c := range claims {
					seen[c.Key]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, seen, rows)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
}

func TestADeadWorkersRowComesBackAndItsLateReportIsIgnored(t *testing.T) {
	t.Parallel()
	db, _ := jobs(t, 1)
	dead := claim(t, db, 1, -time.Second)[0] // its lease is over already
	rescuer := claim(t, db, 1, time.Minute)[0]
	require.Equal(t, dead.Key, rescuer.Key)
	require.NotEqual(t, dead.Token, rescuer.Token)
	require.Equal(t, 2, rescuer.Attempt)
	require.True(t, rescuer.Rescued)
	require.False(t, finish(t, db, dead), "the late report changes nothing")
	require.True(t, finish(t, db, rescuer))
}

func TestALeaseIsExtendedOnlyByItsHolder(t *testing.T) {
	t.Parallel()
	db, _ := jobs(t, 1)
	lost := claim(t, db, 1, -time.Second)[0]
	held, err := queue.Extend(t.Context(), db, lost, time.Minute)
	require.NoError(t, err)
	require.False(t, held, "a lease that is over cannot be brought back")
	c := claim(t, db, 1, time.Minute)[0]
	held, err = queue.Extend(t.Context(), db, c, time.Hour)
	require.NoError(t, err)
	require.True(t, held)
	left, err := pg.Get[bool](t.Context(), db, `SELECT lease_until > clock_timestamp() + interval '50 minutes' FROM jobs`)
	require.NoError(t, err)
	require.True(t, left)
}

// TestTerminatedSessionsLoseNoRow ends the sessions of the workers all the time:
// each row is finished once, by a claim that was counted.
func TestTerminatedSessionsLoseNoRow(t *testing.T) {
	t.Parallel()
	const rows = 60
	p := testkit.Postgres(t)
	db, _ := jobsOn(t, testkit.Open(t, p.DSN), rows)
	killer := testkit.Conn(t, p.DSN)
	stop := make(chan struct{})
	var killing, working sync.WaitGroup
	killing.Go(func() {
		for {
			_, err := killer.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.3`)
			if err != nil {
				t.Error(err)
			}
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	var mu sync.Mutex
	finished := map[uuid.UUID]int{}
	deadline := time.Now().Add(30 * time.Second)
	for range 4 {
		working.Go(func() {
			for time.Now().Before(deadline) {
				claims, err := queue.Claim(t.Context(), db, now, 3, 200*time.Millisecond, nil)
				for _, c := range claims {
					var n int64
					err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
						const done = `UPDATE jobs SET status = 'done' WHERE job_id = $1 AND claim_token = $2 AND status = 'busy'`
						n, err = tx.Exec(ctx, done, c.Key, c.Token)
						return err
					})
					if err == nil && n == 1 {
						mu.Lock()
						finished[c.Key]++
						mu.Unlock()
					}
				}
				left, readErr := pg.Get[int](t.Context(), db, `SELECT count(*) FROM jobs WHERE status <> 'done'`)
				if err == nil && readErr == nil && left == 0 {
					return
				}
			}
		})
	}
	working.Wait()
	close(stop)
	killing.Wait()
	const unfinished = `SELECT count(*) FROM jobs WHERE status <> 'done' OR attempts < 1`
	left, err := pg.Get[int](t.Context(), testkit.Open(t, p.DSN), unfinished)
	require.NoError(t, err)
	require.Zero(t, left)
	for id, n := range finished {
		require.Equal(t, 1, n, id)
	}
}

func TestTheOneActiveProcessReclaimsWhatTheLastOneHadClaimed(t *testing.T) {
	t.Parallel()
	p := testkit.Postgres(t)
	last, _ := jobsOn(t, testkit.Open(t, p.DSN), 2)
	dead := claim(t, last, 1, time.Hour)[0]
	next := testkit.Open(t, p.DSN)
	require.Len(t, claim(t, next, 1, time.Hour), 1, "without a fence the other may be alive")
	require.Empty(t, claim(t, next, 1, time.Hour))

	sole := testkit.Open(t, p.DSN)
	sole.Fence(func() error { return nil })
	reclaimed := claim(t, sole, 10, time.Hour)
	require.Len(t, reclaimed, 2)
	for _, c := range reclaimed {
		require.True(t, c.Rescued)
		require.NotEqual(t, dead.Token, c.Token)
	}
	require.False(t, finish(t, last, dead), "the late report changes nothing")
	require.Empty(t, claim(t, sole, 10, time.Hour), "once, and not from itself")
}

func TestAReleasedClaimIsNotCounted(t *testing.T) {
	t.Parallel()
	db, _ := jobs(t, 1)
	c := claim(t, db, 1, time.Minute)[0]
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		ok, err := queue.Release(ctx, tx, c, now, "status = 'ready'")
		require.True(t, ok)
		return err
	}))
	require.Equal(t, 1, claim(t, db, 1, time.Minute)[0].Attempt)
}

func TestWhatAClaimRecordsIsPartOfIt(t *testing.T) {
	t.Parallel()
	db, _ := jobs(t, 1)
	_, err := queue.Claim(t.Context(), db, now, 1, time.Minute, func(context.Context, *pg.Tx, []outbox.Claim) error {
		return fmt.Errorf("no room in the log")
	})
	require.ErrorContains(t, err, "no room in the log")
	require.Len(t, claim(t, db, 1, time.Minute), 1, "the claim was rolled back with it")
}

func TestBackoffGrowsToItsCeilingWithFullJitter(t *testing.T) {
	t.Parallel()
	b := outbox.Backoff{Base: 10 * time.Second, Factor: 3, Max: time.Minute}
	for attempt, want := range map[int]time.Duration{
		0: 10 * time.Second, 1: 10 * time.Second, 2: 30 * time.Second, 3: time.Minute, 1000: time.Minute,
	} {
		require.Equal(t, want, b.Ceiling(attempt), attempt)
	}
	low, high := time.Hour, time.Duration(0)
	for range 1000 {
		d := b.Next(2)
		low, high = min(low, d), max(high, d)
		require.LessOrEqual(t, d, 30*time.Second)
	}
	require.Less(t, low, 3*time.Second)
	require.Greater(t, high, 27*time.Second)
	b.Floor = 1
	require.Equal(t, 30*time.Second, b.Next(2))
}

func TestALeaseThatIsTakenAfterTheReclaimSurvivesTheFirstClaim(t *testing.T) {
	t.Parallel()
	db, ids := jobs(t, 2)
	db.Fence(func() error { return nil })
	require.NoError(t, queue.ReclaimOrphans(t.Context(), db))
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		tx.Queue(`UPDATE jobs SET status = 'busy', claim_token = gen_random_uuid(), lease_until = clock_timestamp() + interval '1 hour'
WHERE job_id = $1`, ids[0])
		return nil
	}))
	claims := claim(t, db, 10, time.Minute)
	require.Len(t, claims, 1)
	require.Equal(t, ids[1], claims[0].Key)
}

func TestAReclaimThatFailedIsRepeatedByTheNextClaim(t *testing.T) {
	t.Parallel()
	db, _ := jobs(t, 1)
	claim(t, db, 1, time.Hour)
	closed := true
	db.Fence(func() error {
		if closed {
			return pg.ErrStandby
		}
		return nil
	})
	_, err := queue.Claim(t.Context(), db, now, 1, time.Minute, nil)
	require.ErrorIs(t, err, pg.ErrStandby)
	require.ErrorContains(t, err, "reclaim orphans of jobs")
	closed = false
	require.True(t, claim(t, db, 1, time.Minute)[0].Rescued)
}

func TestAQueueWithoutStatesClaimsInItsOwnOrder(t *testing.T) {
	t.Parallel()
	db, ids := jobs(t, 3)
	byLatest := outbox.Queue{Table: "jobs", Key: "job_id", Ready: "true", Order: "q.next_attempt_at DESC"}
	claims, err := byLatest.Claim(t.Context(), db, now, 1, time.Minute, nil)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, ids[2], claims[0].Key)
	status, err := pg.Get[string](t.Context(), db, `SELECT status FROM jobs WHERE job_id = $1`, ids[2])
	require.NoError(t, err)
	require.Equal(t, "ready", status, "there is no state to set")
}

func TestALostClaimIsNotReleased(t *testing.T) {
	t.Parallel()
	db, _ := jobs(t, 1)
	lost := claim(t, db, 1, -time.Second)[0]
	holder := claim(t, db, 1, time.Minute)[0]
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		ok, err := queue.Release(ctx, tx, lost, now, "status = 'ready'")
		require.False(t, ok)
		return err
	}))
	require.True(t, finish(t, db, holder))
}
