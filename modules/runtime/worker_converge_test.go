package runtime

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/pg"
)

func TestAStartLeadsToARunningEngine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	spec := f.spec()
	id := f.startSpec(spec)
	require.Equal(t, OpQueued, f.operation(id).Status)

	require.Equal(t, 1, f.converge())
	r := f.record(spec.GameID)
	require.Equal(t, Running, r.Observed)
	require.Equal(t, "c1", r.ContainerID)
	require.Equal(t, "galaxy/engine:1.2.3", r.Image)
	require.Equal(t, driver.Name(spec.GameID), r.Endpoint)
	require.NotNil(t, r.InitializedAt)
	require.Equal(t, OpSucceeded, f.operation(id).Status)
	require.Equal(t, []string{"running start"}, f.observer.told())
	require.Equal(t, 0, f.observer.last().Status.At())
	require.Empty(t, f.observer.last().Status.Seed, "the seed decides every battle to come")
	require.Empty(t, f.notifier.Intents())
	require.Zero(t, f.converge(), "a running engine is looked at again after the interval")
	require.Equal(t, 1, f.convergeAfter(time.Minute))
	require.Equal(t, []string{"running start"}, f.observer.told(), "a look that finds nothing new is not told")
}

func TestARestartNeverInitializesTheGameAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	id := f.request(f.s.Restart, game)
	f.converge()
	r := f.record(game)
	require.Equal(t, Running, r.Observed)
	require.Equal(t, 2, r.Generation)
	require.Equal(t, 1, f.engines.inits)
	require.Equal(t, 1, f.driver.Calls("stop"))
	require.Equal(t, 2, f.driver.Calls("ensure"))
	require.Equal(t, OpSucceeded, f.operation(id).Status)
	require.Equal(t, []string{"running restart"}, f.observer.told())
}

func TestAStopThatWasRequestedIsNoCrash(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.driver.Change(game, func(o *driver.Observed) { o.ExitCode = 137 })
	id := f.request(f.s.Stop, game)
	f.converge()
	r := f.record(game)
	require.Equal(t, Stopped, r.Observed)
	require.Equal(t, 137, *r.ExitCode)
	require.Zero(t, r.Restarts)
	require.Equal(t, OpSucceeded, f.operation(id).Status)
	require.Equal(t, []string{"stopped stop"}, f.observer.told())
	require.Empty(t, f.notifier.Intents())
	require.Zero(t, f.convergeAfter(time.Hour), "nobody looks at a stopped engine")
}

func TestAStoppedEngineStartsAgainAndAnswersWithItsStatus(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.request(f.s.Stop, game)
	f.converge()
	f.startSpec(Spec{GameID: game})
	f.converge()
	require.Equal(t, []string{"stopped stop", "running start"}, f.observer.told())
	require.Equal(t, Running, f.record(game).Observed)
	require.Equal(t, 2, f.record(game).Generation)
	require.NotNil(t, f.observer.last().Status)
	require.Equal(t, 1, f.engines.inits)
}

func TestARemoveLeavesNoContainerAndKeepsTheState(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.request(f.s.Remove, game)
	f.converge()
	r := f.record(game)
	require.Equal(t, Removed, r.Observed)
	require.Empty(t, r.ContainerID)
	require.Empty(t, r.Endpoint)
	require.Empty(t, f.driver.Engines())
	require.DirExists(t, r.StateDir)
}

func TestARemovedEngineIsStartedFromItsState(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.request(f.s.Remove, game)
	f.converge()
	f.startSpec(Spec{GameID: game})
	f.converge()
	require.Equal(t, Running, f.record(game).Observed)
	require.Equal(t, 2, f.driver.Made())
	require.Equal(t, 1, f.engines.inits)
}

func TestARequestDuringAStepVoidsTheStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	asked := false
	f.driver.After(func(op string, _ uuid.UUID) error {
		if op == "ensure" && !asked {
			asked = true
			f.request(f.s.Stop, game)
		}
		return nil
	})
	f.converge()
	require.Empty(t, f.observer.told(), "nobody is told of a start that is no longer desired")
	f.converge()
	require.Equal(t, Stopped, f.record(game).Observed)
	require.Equal(t, []string{"stopped stop"}, f.observer.told())
}

func TestADriverThatIsDownChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	running := f.startRunning()
	down := fmt.Errorf("dial: %w", driver.ErrUnavailable)
	f.driver.Fail(down, "inspect", "ensure", "pull", "list", "stop", "remove")
	waiting := f.start()
	for range 50 {
		f.convergeAfter(time.Minute)
	}
	require.Equal(t, Running, f.record(running).Observed, "nothing is marked while nobody can be asked")
	r := f.record(waiting)
	require.Equal(t, Starting, r.Observed)
	require.Zero(t, r.Failures, "no attempt is counted")
	require.Equal(t, OpQueued, f.operation(*r.OperationID).Status, "it waits for its driver")
	_, err := f.reconciler.runOnce(t.Context())
	require.NoError(t, err)
	require.Empty(t, f.observer.told())
	require.Empty(t, f.notifier.Intents())

	f.driver.Fail(nil)
	f.convergeAfter(driverRetryDelay)
	require.Equal(t, Running, f.record(waiting).Observed)
}

func TestOneGamesTroubleDelaysNoOther(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	broken := f.start()
	f.driver.Before(func(op string, game uuid.UUID) error {
		if op == "inspect" && game == broken {
			return errors.New("bad state of the container")
		}
		return nil
	})
	var healthy []uuid.UUID
	for range 5 {
		healthy = append(healthy, f.start())
	}
	f.converge()
	for _, game := range healthy {
		require.Equal(t, Running, f.record(game).Observed)
	}
	require.Equal(t, Starting, f.record(broken).Observed)
}

func TestAnErrorOfOursIsTriedAgainLaterAndLater(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	core, logs := observer.New(zap.WarnLevel)
	f.converger.log = zap.New(core)
	f.driver.Fail(errBroken, "inspect")
	require.Equal(t, 1, f.converge())
	require.Zero(t, f.converge(), "not at once")
	require.Equal(t, 1, f.convergeAfter(stepBackoff.Base))
	require.Zero(t, f.convergeAfter(stepBackoff.Base/2))
	for range 10 {
		require.Equal(t, 1, f.convergeAfter(stepBackoff.Max))
	}
	require.Equal(t, 12, logs.FilterMessage("step was not completed").Len())
	require.Zero(t, f.record(game).Failures, "it is no failure of the engine")
	f.driver.Fail(nil)
	f.convergeAfter(stepBackoff.Max)
	require.Equal(t, Running, f.record(game).Observed)
}

func TestStepsThatLeadNowhereEnd(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.driver.Before(func(op string, _ uuid.UUID) error {
		if op == "inspect" { // whatever is done, an engine of an earlier generation runs
			f.driver.Change(game, func(o *driver.Observed) { o.Phase, o.Generation = driver.PhaseRunning, 0 })
		}
		return nil
	})
	f.convergeAfter(time.Minute)
	require.Equal(t, maxSteps, f.driver.Calls("stop"))
	f.driver.Before(nil)
	f.convergeAfter(time.Minute)
	require.Equal(t, Running, f.record(game).Observed)
}

func TestAShutdownIsNoFailedAttempt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	ctx, stop := context.WithCancel(t.Context())
	f.driver.After(func(op string, _ uuid.UUID) error {
		if op == "pull" {
			stop()
			return ctx.Err()
		}
		return nil
	})
	f.converger.converge(ctx, f.claim())
	require.Zero(t, f.record(game).Failures)
	f.driver.After(nil)
	require.Equal(t, 1, f.converge(), "the claim was given back at once")
	require.Equal(t, Running, f.record(game).Observed)
}

func TestAStepWhoseLeaseWasLostIsNotRecorded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	claim := f.claim()
	f.driver.After(func(op string, _ uuid.UUID) error {
		if op == "ensure" {
			f.exec(`UPDATE runtime_records SET claim_token = gen_random_uuid() WHERE game_id = $1`, game)
		}
		return nil
	})
	f.converger.converge(t.Context(), claim)
	require.Empty(t, f.record(game).ContainerID)
	require.Empty(t, f.observer.told())
}

func TestALongStepKeepsItsLease(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	const selectLeft = `SELECT lease_until - clock_timestamp() FROM runtime_records WHERE game_id = $1`
	left := func() time.Duration {
		d, err := pg.Get[time.Duration](t.Context(), f.db, selectLeft, game)
		require.NoError(t, err)
		return d
	}
	claim := f.claim()
	f.exec(`UPDATE runtime_records SET lease_until = clock_timestamp() + interval '20 seconds' WHERE game_id = $1`, game)
	extended := make(chan time.Duration, 1)
	f.driver.After(func(op string, _ uuid.UUID) error {
		if op == "pull" {
			f.clock.BlockUntil(1) // the extension waits
			f.clock.Advance(leaseDuration / 3)
			f.clock.BlockUntil(1) // it has been written, the next one waits
			extended <- left()
		}
		return nil
	})
	f.converger.converge(t.Context(), claim)
	require.Greater(t, <-extended, 30*time.Second)
	require.Equal(t, Running, f.record(game).Observed)
}

func TestWorkWhoseLeaseIsLostIsCancelled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	claim := f.claim()
	f.exec(`UPDATE runtime_records SET claim_token = gen_random_uuid() WHERE game_id = $1`, game)
	working, stop := f.converger.keepLease(t.Context(), claim)
	defer stop()
	f.clock.BlockUntil(1)
	f.clock.Advance(leaseDuration / 3)
	<-working.Done()
	require.ErrorIs(t, context.Cause(working), ErrLeaseLost)
}

func TestALookAtAHealthyEngineIsFiveRoundTrips(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.startRunning()
	before := f.db.Traffic()
	require.Equal(t, 1, f.convergeAfter(time.Minute))
	require.LessOrEqual(t, f.db.Traffic().RoundTrips-before.RoundTrips, int64(5),
		"claim and commit, read, record and commit")
}

func TestAClaimIsAnIndexScanHoweverManyGamesThereWere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const finished = `
INSERT INTO runtime_records (game_id, desired, version, generation, source, init, observed, settled, next_attempt_at, created_at, updated_at)
SELECT gen_random_uuid(), 'stopped', '1.2.3', 1, 'system', '{}', 'stopped', true, $1, $1, $1 FROM generate_series(1, 20000)`
	f.exec(finished, noon)
	f.exec(`ANALYZE runtime_records`)
	game := f.start()
	var plan []string
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		plan, err = pg.All[string](ctx, tx, `EXPLAIN SELECT q.game_id FROM runtime_records q
WHERE ((NOT q.settled) AND q.next_attempt_at <= $1 AND (q.lease_until IS NULL OR q.lease_until < clock_timestamp()))
   OR ((false) AND q.lease_until < clock_timestamp())
ORDER BY q.next_attempt_at LIMIT 64 FOR UPDATE SKIP LOCKED`, noon)
		return err
	}))
	require.Contains(t, strings.Join(plan, "\n"), "runtime_records_due")
	require.Equal(t, 1, f.converge())
	require.Equal(t, Running, f.record(game).Observed)
}
