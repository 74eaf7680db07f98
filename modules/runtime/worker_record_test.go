package runtime

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/pg"
)

func TestAnObserverThatFailsVoidsTheStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.observer.fails = errBroken
	game := f.start()
	f.converge()
	require.Equal(t, Starting, f.record(game).Observed)
	f.observer.fails = nil
	f.convergeAfter(time.Minute)
	require.Equal(t, Running, f.record(game).Observed)
	require.Equal(t, []string{"running start"}, f.observer.told())
}

func TestANotificationThatCannotBeSubmittedVoidsTheStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.notifier.FailWith(errBroken)
	f.driver.Fail(driver.ErrConfigInvalid, "ensure")
	game := f.start()
	f.converge()
	require.Equal(t, Starting, f.record(game).Observed)
	require.Empty(t, f.observer.told(), "observers are told in the same transaction")
	f.notifier.FailWith(nil)
	f.convergeAfter(time.Minute)
	require.Equal(t, StartFailed, f.record(game).Observed)
	require.Len(t, f.notifier.Intents(), 1)
}

func TestObserversAreToldInTheOrderOfTheirNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var order []string
	named := func(name string) func() Observer {
		return func() Observer {
			return &recorder{name: name, hook: func(context.Context, *pg.Tx, Change) error {
				order = append(order, name)
				return nil
			}}
		}
	}
	require.NoError(t, fx.New(fx.NopLogger, fx.Provide(newObservers), fx.Populate(&f.converger.observers),
		ProvideObserver(named("turn"), named("game"), named("console"))).Err())
	f.start()
	f.converge()
	require.Equal(t, []string{"console", "game", "turn"}, order)
}

func TestTheFirstObserverThatFailsEndsTheStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	second := &recorder{name: "turn"}
	f.converger.observers = append(f.converger.observers, second)
	f.observer.hook = func(context.Context, *pg.Tx, Change) error { return errBroken }
	f.start()
	f.converge()
	require.Empty(t, f.observer.told())
	require.Empty(t, second.told())
}

func TestObserversAreToldBeforeTheRecordIsWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	var inside Observed
	f.observer.hook = func(ctx context.Context, tx *pg.Tx, _ Change) error {
		r, err := f.s.store.get(ctx, tx, game)
		inside = r.Observed
		return err
	}
	f.converge()
	require.Equal(t, Starting, inside)
	require.Equal(t, Running, f.record(game).Observed)
}

func TestAChangeSaysWhichRequestItEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.driver.Lose(game)
	f.convergeAfter(time.Minute)
	lost := f.observer.all()[0]
	require.Equal(t, Change{
		GameID: game, Desired: "running", Observed: "removed", Generation: 1, Error: "container_missing", Source: User,
	}, lost, "nobody asked for it")
	_, err := f.s.Request(t.Context(), game, OpStop)
	require.NoError(t, err)
	f.converge()
	require.Equal(t, Change{
		GameID: game, Desired: "stopped", Observed: "stopped", Generation: 1, Operation: "stop", Source: Operator,
	}, f.observer.last())
}

func TestAnErrorOfADriverIsKeptAsOnePrintableLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.driver.Fail(errors.New("no such\nnetwork\x00\x1b[31m"), "ensure")
	game := f.start()
	f.converge()
	require.Equal(t, "no such network[31m", f.record(game).LastError)
}

func TestAShortWaitWakesTheWorkers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.engines.fail(errBroken)
	game := f.start()
	f.signalled()
	f.converge()
	require.Equal(t, Starting, f.record(game).Observed)
	select {
	case <-f.signal.C(): // it is looked at again after some milliseconds, whatever the period of the loop
	case <-t.Context().Done():
		t.Fatal("nobody was woken")
	}
}
