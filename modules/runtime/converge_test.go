package runtime

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/plan"
	"galaxy/backend/platform/pg"
)

func TestAStartLeadsToARunningEngine(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	spec := b.spec()
	id := b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) { return b.s.Start(ctx, tx, spec, User) })
	require.Equal(t, OpQueued, b.operation(id).Status)

	require.Equal(t, 1, b.pass())
	r := b.record(spec.GameID)
	require.Equal(t, Running, r.Observed)
	require.Equal(t, "c1", r.ContainerID)
	require.Equal(t, "galaxy/engine:1.2.3", r.Image)
	require.Equal(t, driver.Name(spec.GameID), r.Endpoint)
	require.NotNil(t, r.InitializedAt)
	require.Equal(t, OpSucceeded, b.operation(id).Status)
	require.Equal(t, []string{"running start"}, b.heard.told())
	require.Equal(t, 0, b.heard.changes[0].Status.At())
	require.Empty(t, b.heard.changes[0].Status.Seed, "the seed decides every battle to come")
	require.Empty(t, b.heard.notices)

	state, err := b.s.State(t.Context(), spec.GameID)
	require.NoError(t, err)
	require.Equal(t, State{Desired: "running", Observed: "running", Version: "1.2.3", Generation: 1}, state)
	require.Zero(t, b.pass(), "a running engine is looked at again after the interval")
	require.Equal(t, 1, b.later(time.Minute))
	require.Equal(t, []string{"running start"}, b.heard.told(), "a look that finds nothing new is not told")
}

func TestARestartNeverFoundsTheGameAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	id := b.want(b.s.Restart, game)
	b.pass()
	r := b.record(game)
	require.Equal(t, Running, r.Observed)
	require.Equal(t, 2, r.Generation)
	require.Equal(t, 1, b.engines.inits)
	require.Equal(t, 1, b.driver.count("stop"))
	require.Equal(t, 2, b.driver.count("ensure"))
	require.Equal(t, OpSucceeded, b.operation(id).Status)
	require.Equal(t, []string{"running restart"}, b.heard.told())
}

func TestAStopThatWasAskedForIsNoCrash(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.driver.set(game, func(o *driver.Observed) { o.ExitCode = 137 })
	id := b.want(b.s.Stop, game)
	b.pass()
	r := b.record(game)
	require.Equal(t, Stopped, r.Observed)
	require.Equal(t, 137, *r.ExitCode)
	require.Zero(t, r.Restarts)
	require.Equal(t, OpSucceeded, b.operation(id).Status)
	require.Equal(t, []string{"stopped stop"}, b.heard.told())
	require.Empty(t, b.heard.notices)
	require.Zero(t, b.later(time.Hour), "nobody looks at a stopped engine")
}

func TestAStoppedEngineStartsAgainAndAnswersWithItsStatus(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.want(b.s.Stop, game)
	b.pass()
	b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
		return b.s.Start(ctx, tx, Spec{GameID: game}, User)
	})
	b.pass()
	require.Equal(t, []string{"stopped stop", "running start"}, b.heard.told())
	require.Equal(t, Running, b.record(game).Observed)
	require.Equal(t, 2, b.record(game).Generation)
	require.NotNil(t, b.heard.changes[len(b.heard.changes)-1].Status)
	require.Equal(t, 1, b.engines.inits)
}

func TestARemoveLeavesNoContainerAndKeepsTheState(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.want(b.s.Remove, game)
	b.pass()
	r := b.record(game)
	require.Equal(t, Removed, r.Observed)
	require.Empty(t, r.ContainerID)
	require.Empty(t, b.driver.engines)
	require.DirExists(t, r.StateDir)
}

func TestALaterRequestSupersedesTheOneUnderWay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	spec := b.spec()
	start := b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) { return b.s.Start(ctx, tx, spec, User) })
	stop := b.want(b.s.Stop, spec.GameID)
	b.pass()
	require.Equal(t, OpSuperseded, b.operation(start).Status)
	require.Equal(t, OpSucceeded, b.operation(stop).Status)
	require.Zero(t, b.driver.count("ensure"))
	require.Equal(t, []string{"stopped stop"}, b.heard.told())
}

func TestARepeatedRequestIsTheSameOperation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	spec := b.spec()
	start := func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) { return b.s.Start(ctx, tx, spec, User) }
	require.Equal(t, b.ask(start), b.ask(start))
	require.Equal(t, b.want(b.s.Stop, spec.GameID), b.want(b.s.Stop, spec.GameID))
	require.Equal(t, b.want(b.s.Restart, spec.GameID), b.want(b.s.Restart, spec.GameID))
	require.Equal(t, 2, b.record(spec.GameID).Generation)
}

func TestAWishThatChangesDuringAStepVoidsTheStep(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.start()
	asked := false
	b.driver.after = func(verb string) error {
		if verb == "ensure" && !asked {
			asked = true
			b.want(b.s.Stop, game)
		}
		return nil
	}
	b.pass()
	require.Empty(t, b.heard.told(), "nobody hears of a start that is no longer wanted")
	b.pass()
	require.Equal(t, Stopped, b.record(game).Observed)
	require.Equal(t, []string{"stopped stop"}, b.heard.told())
}

func TestAnObserverThatFailsVoidsTheStep(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.heard.fails = errOut
	game := b.start()
	b.pass()
	require.Equal(t, Starting, b.record(game).Observed)
	b.heard.fails = nil
	b.later(time.Minute)
	require.Equal(t, Running, b.record(game).Observed)
	require.Equal(t, []string{"running start"}, b.heard.told())
}

func TestObserversHearInTheOrderOfTheirNames(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var order []string
	var observers []Observer
	for _, name := range []string{"turn", "lobby", "console"} {
		observers = append(observers, &recorder{name: name, hook: func(context.Context, *pg.Tx, Change) error {
			order = append(order, name)
			return nil
		}})
	}
	b.c = b.converger(observers...)
	b.start()
	b.pass()
	require.Equal(t, []string{"console", "lobby", "turn"}, order)
}

func TestObserversHearBeforeTheRecordIsWritten(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.start()
	var inside Observed
	b.heard.hook = func(ctx context.Context, tx *pg.Tx, _ Change) error {
		r, err := b.s.store.get(ctx, tx, game)
		inside = r.Observed
		return err
	}
	b.pass()
	require.Equal(t, Starting, inside)
	require.Equal(t, Running, b.record(game).Observed)
}

func TestAnEngineThatStopsAnsweringIsToldAndComesBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.engines.set(func(e *fakeEngines) { e.health = engine.ErrUnreachable })
	b.later(time.Minute)
	require.Equal(t, Unreachable, b.record(game).Observed)
	require.Equal(t, "engine_unreachable", b.record(game).LastCode)
	_, err := b.s.Lease(t.Context(), game, time.Minute)
	require.ErrorIs(t, err, ErrNotRunning)
	b.engines.set(func(e *fakeEngines) { e.health = nil })
	b.later(sickRetry)
	require.Equal(t, []string{"engine_unreachable", "running"}, b.heard.told())
	require.Empty(t, b.record(game).LastCode)
	require.NotNil(t, b.heard.changes[1].Status)
}

func TestOneLostProbeIsNoIllness(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	first := true
	b.c.engines = flaky{b.engines, func() error {
		defer func() { first = false }()
		if first {
			return engine.ErrUnreachable
		}
		return nil
	}}
	b.later(time.Minute)
	require.Equal(t, Running, b.record(game).Observed)
	require.Empty(t, b.heard.told())
}

type flaky struct {
	*fakeEngines
	answer func() error
}

func (f flaky) Health(context.Context, uuid.UUID) error { return f.answer() }

func TestAnEngineThatForgotItsGameIsAnAlarm(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.want(b.s.Stop, game)
	b.pass()
	b.engines.set(func(e *fakeEngines) { e.forgot = true })
	b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
		return b.s.Start(ctx, tx, Spec{GameID: game}, User)
	})
	b.pass()
	r := b.record(game)
	require.Equal(t, StartFailed, r.Observed)
	require.Equal(t, "state_lost", r.LastCode)
	require.Equal(t, 1, b.engines.inits)
	require.Equal(t, []notification.Kind{notification.KindStartConfigInvalid}, b.heard.kinds())
}

func TestTheFoundingDocumentIsTheSameAtEveryTry(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.engines.lost = engine.ErrUnreachable
	game := b.start()
	b.pass()
	first := b.engines.founded[game]
	require.NotEmpty(t, first.Seed)
	b.later(time.Second)
	require.Equal(t, Running, b.record(game).Observed)
	require.Equal(t, 2, b.engines.inits)
	require.Equal(t, first, b.engines.founded[game])
}

func TestSettingsThatTheEngineRefusesAreFinal(t *testing.T) {
	t.Parallel()
	for _, refusal := range []error{engine.ErrValidation, engine.ErrAlreadyInitialized} {
		b := newBench(t)
		b.engines.refusal = refusal
		game := b.start()
		b.pass()
		require.Equal(t, StartFailed, b.record(game).Observed)
		require.Equal(t, []notification.Kind{notification.KindStartConfigInvalid}, b.heard.kinds())
		require.Empty(t, b.driver.engines, "nothing is left behind")
		require.Equal(t, []string{"start_failed start"}, b.heard.told())
	}
}

func TestAnEngineThatNeverAnswersIsTriedAndGivenUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.engines.health = engine.ErrUnreachable
	game := b.start()
	b.pass()
	require.Equal(t, Starting, b.record(game).Observed)
	for range plan.StartAttempts {
		b.later(plan.StartTimeout) // the attempt is over
		b.later(time.Minute)       // so is its backoff
	}
	r := b.record(game)
	require.Equal(t, StartFailed, r.Observed)
	require.Equal(t, plan.StartAttempts, r.Failures)
	require.Equal(t, plan.StartAttempts, b.driver.count("ensure"))
	require.Empty(t, b.driver.engines)
	require.Equal(t, []notification.Kind{notification.KindContainerStartFailed}, b.heard.kinds())
	require.Zero(t, b.later(time.Hour), "only a new request tries again")

	b.engines.set(func(e *fakeEngines) { e.health = nil })
	b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
		return b.s.Start(ctx, tx, Spec{GameID: game}, User)
	})
	b.pass()
	require.Equal(t, Running, b.record(game).Observed)
	require.Equal(t, 2, b.record(game).Generation)
}

func TestOneStatusThatCannotBeReadIsAskedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.engines.set(func(e *fakeEngines) { e.status = engine.ErrBadResponse })
	b.want(b.s.Restart, game)
	b.pass()
	require.Equal(t, Starting, b.record(game).Observed)
	b.engines.set(func(e *fakeEngines) { e.status = nil })
	b.later(time.Second)
	require.Equal(t, Running, b.record(game).Observed)
}
