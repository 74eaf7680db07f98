package runtime

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/pg"
)

func TestOneLeaseAtATime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	var got atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := b.s.Lease(t.Context(), game, time.Minute)
			if err == nil {
				got.Add(1)
				return
			}
			if !isBusy(err) {
				t.Errorf("lease: %v", err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, got.Load())
}

func isBusy(err error) bool { return errors.Is(err, ErrBusy) }

func TestALeaseKeepsConvergenceOutAndARequestWaitsForIt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	lease, err := b.s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
	require.Equal(t, "1.2.3", lease.Version)
	b.want(b.s.Stop, game)
	require.Zero(t, b.pass(), "nothing happens to an engine that generates a turn")
	require.NoError(t, b.s.Extend(t.Context(), lease, time.Minute))
	require.NoError(t, b.s.Release(t.Context(), lease))
	require.Equal(t, 1, b.pass())
	require.Equal(t, Stopped, b.record(game).Observed)
	require.NoError(t, b.s.Release(t.Context(), lease), "a second time is no error")
	require.ErrorIs(t, b.s.Extend(t.Context(), lease, time.Minute), ErrLeaseLost)
}

func TestALeaseFromBeforeTheFirstPassIsNotInherited(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.s.db.Fence(func() error { return nil }) // the one active process, which has not claimed yet
	lease, err := b.s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
	b.want(b.s.Stop, game)
	claims, err := queue.Claim(t.Context(), b.s.db, b.clock.Now(), 10, time.Minute, nil)
	require.NoError(t, err)
	require.Empty(t, claims)
	require.NoError(t, b.s.Extend(t.Context(), lease, time.Minute))
}

func TestConvergenceKeepsTheLeaseFromOthers(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.clock.Advance(time.Minute)
	claims, err := b.c.claim(t.Context(), 1)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	_, err = b.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrBusy)
	b.c.converge(t.Context(), claims[0])
	_, err = b.s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
}

func TestALeaseOfADeadHolderRunsOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	dead, err := b.s.Lease(t.Context(), game, time.Microsecond)
	require.NoError(t, err)
	alive, err := b.s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
	require.NoError(t, b.s.Release(t.Context(), dead), "what is over already cannot take from the next")
	_, err = b.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrBusy)
	require.NoError(t, b.s.Release(t.Context(), alive))
}

func TestNoLeaseWithoutARunningEngine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.s.Lease(t.Context(), uuid.New(), time.Minute)
	require.ErrorIs(t, err, ErrNotFound)
	game := b.start()
	_, err = b.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrNotRunning)
	b.pass()
	b.want(b.s.Stop, game)
	_, err = b.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrNotRunning, "an engine that shall stop takes no new work")
}

func TestAStepWhoseLeaseWasLostIsNotRecorded(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.start()
	claims, err := b.c.claim(t.Context(), 1)
	require.NoError(t, err)
	steal := `UPDATE runtime_records SET claim_token = gen_random_uuid() WHERE game_id = $1`
	b.driver.after = func(verb string) error {
		if verb != "ensure" {
			return nil
		}
		return b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := tx.Exec(ctx, steal, game)
			return err
		})
	}
	b.c.converge(t.Context(), claims[0])
	r := b.record(game)
	require.Empty(t, r.ContainerID)
	require.Empty(t, b.heard.told())
}

func TestALongStepKeepsItsLease(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.start()
	left := func() time.Duration {
		d, err := pg.Get[time.Duration](t.Context(), b.db, `SELECT lease_until - clock_timestamp() FROM runtime_records WHERE game_id = $1`, game)
		require.NoError(t, err)
		return d
	}
	claims, err := b.c.claim(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE runtime_records SET lease_until = clock_timestamp() + interval '20 seconds' WHERE game_id = $1`, game)
		return err
	}))
	extended := make(chan time.Duration, 1)
	b.driver.after = func(verb string) error {
		if verb == "pull" {
			b.clock.BlockUntil(1) // the extension waits
			b.clock.Advance(leaseTime / 3)
			b.clock.BlockUntil(1) // it has been written, the next one waits
			extended <- left()
		}
		return nil
	}
	b.c.converge(t.Context(), claims[0])
	require.Greater(t, <-extended, 30*time.Second)
	require.Equal(t, Running, b.record(game).Observed)
}

func TestStateIsAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	_, err := b.s.State(t.Context(), uuid.New())
	require.ErrorIs(t, err, ErrNotFound)
	before := b.db.Traffic()
	for range 10 {
		_, err := b.s.State(t.Context(), game)
		require.NoError(t, err)
	}
	require.Equal(t, before, b.db.Traffic())
	b.want(b.s.Stop, game)
	state, err := b.s.State(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, "stopped", state.Desired)
	require.Equal(t, "running", state.Observed)
}

func TestARequestIsTwoRoundTrips(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.versions.Versions(t.Context()) // as after the warm-up
	require.NoError(t, err)
	trips := func(act func()) int64 {
		before := b.db.Traffic()
		act()
		return b.db.Traffic().RoundTrips - before.RoundTrips
	}
	var game uuid.UUID
	require.EqualValues(t, 2, trips(func() { game = b.start() }), "lock; write and commit")
	require.EqualValues(t, 2, trips(func() { b.want(b.s.Stop, game) }))
	b.pass()
	game = b.running()
	require.EqualValues(t, 2, trips(func() { _, err = b.s.Lease(t.Context(), game, time.Minute) }), "take; commit")
	require.NoError(t, err)
}

func TestALookAtAHealthyEngineIsFiveRoundTrips(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.running()
	before := b.db.Traffic()
	require.Equal(t, 1, b.later(time.Minute))
	require.LessOrEqual(t, b.db.Traffic().RoundTrips-before.RoundTrips, int64(5), "claim and commit, read, record and commit")
}

func TestAClaimIsAnIndexScanHoweverManyGamesThereWere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const finished = `
INSERT INTO runtime_records (game_id, desired, version, generation, source, init, observed, settled, next_attempt_at, created_at, updated_at)
SELECT gen_random_uuid(), 'stopped', '1.2.3', 1, 'system', '{}', 'stopped', true, $1, $1, $1 FROM generate_series(1, 20000)`
	require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if _, err := tx.Exec(ctx, finished, noon); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ANALYZE runtime_records`)
		return err
	}))
	game := b.start()
	var plan []string
	require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		plan, err = pg.All[string](ctx, tx, `EXPLAIN SELECT q.game_id FROM runtime_records q
WHERE ((NOT q.settled) AND q.next_attempt_at <= $1 AND (q.lease_until IS NULL OR q.lease_until < clock_timestamp()))
   OR ((false) AND q.lease_until < clock_timestamp())
ORDER BY q.next_attempt_at LIMIT 64 FOR UPDATE SKIP LOCKED`, noon)
		return err
	}))
	require.Contains(t, strings.Join(plan, "\n"), "runtime_records_due")
	require.Equal(t, 1, b.pass())
	require.Equal(t, Running, b.record(game).Observed)
}

func TestTheWarmUpAnswersWithoutAQuery(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	fresh := NewService(NewBase(b.db, b.clock, zap.NewNop()), CacheConfig{RuntimesMax: 10}, b.versions, b.heard)
	require.NoError(t, fresh.Warm(t.Context()))
	before := b.db.Traffic()
	state, err := fresh.State(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, "running", state.Observed)
	require.Equal(t, before, b.db.Traffic())
}
