package runtime

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
)

// kill ends the game's engine, and converges when that is seen.
func (f *fixture) kill(game uuid.UUID, exitCode int) {
	f.Helper()
	f.driver.Change(game, func(o *driver.Observed) { o.Phase, o.ExitCode = driver.PhaseExited, exitCode })
	f.convergeAfter(time.Minute)
}

func TestACrashedEngineIsStartedAgainAndTheFourthCrashIsOneTooMany(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	dies := func() {
		f.driver.Change(game, func(o *driver.Observed) { o.OOMKilled = true })
		f.kill(game, 137)
	}
	for n := range maxRestarts {
		dies()
		r := f.record(game)
		require.Equal(t, Starting, r.Observed)
		require.Equal(t, n+1, r.Restarts)
		require.Equal(t, 137, *r.ExitCode)
		require.True(t, r.OOM)
		require.Equal(t, "the engine ran out of memory", r.LastError)
		require.Zero(t, f.converge(), "a restart waits for its backoff")
		f.convergeAfter(startBackoff.Max)
		require.Equal(t, Running, f.record(game).Observed)
	}
	dies()
	r := f.record(game)
	require.Equal(t, Crashed, r.Observed)
	require.Equal(t, "container_crashed", r.LastCode)
	require.Equal(t, []notification.Kind{notification.KindContainerCrashed}, f.notifier.Kinds())
	payload := f.notifier.Intents()[0].Payload
	require.Equal(t, notification.ContainerCrashed{GameID: game, ExitCode: 137, OutOfMemory: true}, payload)
	require.Equal(t, "crashed", f.observer.last().Observed)
	require.Zero(t, f.convergeAfter(time.Hour))
	require.Equal(t, 1, f.engines.inits)
}

func TestCrashesFarApartAreForgiven(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	for range 3 * maxRestarts {
		f.clock.Advance(restartWindow)
		f.kill(game, 1)
		f.convergeAfter(time.Minute)
		require.Equal(t, Running, f.record(game).Observed)
	}
	require.Empty(t, f.notifier.Intents())
}

func TestARestartByAnOperatorForgivesCrashes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	for range maxRestarts + 1 {
		f.kill(game, 1)
		f.convergeAfter(startBackoff.Max)
	}
	require.Equal(t, Crashed, f.record(game).Observed)
	_, err := f.s.Request(t.Context(), game, OpStart)
	require.NoError(t, err)
	f.converge()
	r := f.record(game)
	require.Equal(t, Running, r.Observed)
	require.Zero(t, r.Restarts)
	require.Equal(t, 2, r.Generation)
	require.Empty(t, r.LastCode)
}

func TestExitCodeZeroIsACrashToo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.kill(game, 0)
	require.Equal(t, 1, f.record(game).Restarts)
	require.Equal(t, "the engine ended with exit code 0", f.record(game).LastError)
	f.convergeAfter(time.Minute)
	require.Equal(t, Running, f.record(game).Observed)
}

func TestAnEngineThatEndedWithTheBackendIsStartedAgainWithoutACrash(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.driver.Change(game, func(o *driver.Observed) { o.Phase = driver.PhaseCreated })
	f.convergeAfter(time.Minute)
	r := f.record(game)
	require.Equal(t, Running, r.Observed)
	require.Zero(t, r.Restarts)
	require.Equal(t, "c1", r.ContainerID)
	require.Empty(t, f.notifier.Intents())
}

func TestAMissingContainerIsReportedAndMadeAnew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.driver.Lose(game)
	f.convergeAfter(time.Minute)
	r := f.record(game)
	require.Equal(t, Running, r.Observed)
	require.Equal(t, "c2", r.ContainerID)
	require.Equal(t, []notification.Kind{notification.KindContainerMissing}, f.notifier.Kinds())
	require.Equal(t, []string{"removed", "starting", "running"}, f.observer.told())
	require.Equal(t, 1, f.engines.inits, "made from its state directory")

	f.driver.Lose(game)
	f.convergeAfter(time.Minute)
	keys := map[string]bool{}
	for _, in := range f.notifier.Intents() {
		keys[in.Key] = true
	}
	require.Len(t, keys, 2, "operators are told once per container")
}

func TestAForeignContainerIsReportedAndLeftAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	f.driver.Change(game, func(o *driver.Observed) {
		*o = driver.Observed{GameID: game, Name: driver.Name(game), Phase: driver.PhaseRunning, Foreign: true,
			ContainerID: "theirs"}
	})
	f.converge()
	require.Equal(t, "container_foreign", f.record(game).LastCode)
	require.Zero(t, f.engines.probes[game], "it is never called")
	require.Equal(t, []notification.Kind{notification.KindContainerForeign}, f.notifier.Kinds())
	require.Equal(t, notification.ContainerForeign{GameID: game, Container: driver.Name(game)}, f.notifier.Intents()[0].Payload)

	f.request(f.s.Remove, game)
	f.converge()
	require.Equal(t, Removed, f.record(game).Observed)
	for _, op := range []string{"stop", "remove", "ensure"} {
		require.Zero(t, f.driver.Calls(op), op)
	}
	require.Len(t, f.driver.Engines(), 1)
}

func TestAnEngineThatStopsAnsweringIsToldAndComesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.engines.fail(engine.ErrUnreachable)
	f.convergeAfter(time.Minute)
	require.Equal(t, Unreachable, f.record(game).Observed)
	require.Equal(t, "engine_unreachable", f.record(game).LastCode)
	_, err := f.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrNotRunning)
	f.engines.fail(engine.ErrBadResponse)
	require.Equal(t, 1, f.convergeAfter(unhealthyRetryDelay), "it is asked again soon")
	require.Equal(t, engine.ErrBadResponse.Reason, f.record(game).LastCode)
	f.engines.fail(nil)
	f.convergeAfter(unhealthyRetryDelay)
	require.Equal(t, []string{"engine_unreachable", "running"}, f.observer.told())
	require.Empty(t, f.record(game).LastCode)
	require.NotNil(t, f.observer.last().Status)
}

func TestOneLostProbeDoesNotMakeAnEngineUnreachable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	answers := []error{engine.ErrUnreachable, nil}
	f.engines.set(func(e *fakeEngines) {
		e.health = func() error {
			err := answers[0]
			answers = answers[1:]
			return err
		}
	})
	f.convergeAfter(time.Minute)
	require.Equal(t, Running, f.record(game).Observed)
	require.Empty(t, f.observer.told())
	require.Empty(t, answers)
}

func TestTheWaitForAnEngineThatComesUpGrows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	launched := func(ago time.Duration) Record {
		at := f.clock.Now().Add(-ago)
		return Record{LaunchedAt: &at}
	}
	for _, row := range []struct {
		record Record
		want   time.Duration
	}{
		{launched(0), 50 * time.Millisecond},
		{launched(300 * time.Millisecond), 150 * time.Millisecond},
		{launched(time.Minute), time.Second},
		{Record{}, time.Second},
	} {
		require.Equal(t, row.want, f.converger.pollDelay(row.record))
	}
}

func TestHowAnEngineEndedIsSaidInWords(t *testing.T) {
	t.Parallel()
	for want, seen := range map[string]driver.Observed{
		"exec format error":                   {Error: "exec format error", ExitCode: 1},
		"the engine ran out of memory":        {Phase: driver.PhaseExited, OOMKilled: true, ExitCode: 137},
		"the engine did not start":            {Phase: driver.PhaseCreated},
		"the engine ended with exit code 137": {Phase: driver.PhaseExited, ExitCode: 137},
	} {
		require.Equal(t, want, exitReason(observation{Observed: seen}))
	}
}
