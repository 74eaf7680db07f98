package runtime

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
)

func TestTheComparisonFindsWhatDisagrees(t *testing.T) {
	t.Parallel()
	id := func(b byte) uuid.UUID { return uuid.UUID{15: b} }
	seen := func(game uuid.UUID, phase driver.Phase) driver.Observed {
		return driver.Observed{GameID: game, Phase: phase}
	}
	records := []listedRecord{
		{GameID: id(1), Observed: Running}, {GameID: id(2), Observed: Running}, {GameID: id(3), Observed: Unreachable},
		{GameID: id(4), Observed: Stopped, Settled: true}, {GameID: id(5), Observed: Stopped, Settled: true},
		{GameID: id(6), Observed: Crashed, Settled: true}, {GameID: id(7), Observed: Starting},
	}
	foreign := seen(uuid.Nil, driver.PhaseRunning)
	foreign.Foreign = true
	due, unknown := compare(records, []driver.Observed{
		seen(id(1), driver.PhaseRunning), seen(id(2), driver.PhaseExited), // 3 is missing
		seen(id(4), driver.PhaseRunning), seen(id(5), driver.PhaseExited), seen(id(6), driver.PhaseRunning),
		seen(id(8), driver.PhaseRunning), foreign,
	})
	require.ElementsMatch(t, []uuid.UUID{id(2), id(3), id(4)}, due)
	require.Equal(t, []driver.Observed{seen(id(8), driver.PhaseRunning), foreign}, unknown)
}

func (f *fixture) reconcile() {
	f.Helper()
	again, err := f.reconciler.runOnce(f.Context())
	require.NoError(f, err)
	require.False(f, again)
}

func TestTheReconcilerReportsForeignEnginesAndStopsWhatNobodyWants(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.request(f.s.Stop, game)
	f.converge()
	f.driver.Change(game, func(o *driver.Observed) { o.Phase = driver.PhaseRunning }) // by hand
	f.driver.Change(uuid.New(), func(o *driver.Observed) {
		o.Phase, o.Name, o.ContainerID = driver.PhaseRunning, "galaxy-game-x", "x1"
	})
	f.signalled()
	f.reconcile()
	require.True(t, f.signalled())
	require.Equal(t, []notification.Kind{notification.KindContainerForeign}, f.notifier.Kinds())
	intent := f.notifier.Intents()[0]
	require.Equal(t, "container:x1", intent.Key)
	require.Equal(t, notification.ContainerForeign{Container: "galaxy-game-x", ContainerID: "x1"}, intent.Payload)
	require.Equal(t, 1, f.converge())
	require.Equal(t, driver.PhaseExited, f.driver.Engine(game).Phase)
}

func TestTheReconcilerNoticesAnEngineThatIsGoneBeforeItsNextLook(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	f.driver.Lose(game)
	require.Zero(t, f.converge(), "it was looked at a moment ago")
	f.reconcile()
	require.Equal(t, 1, f.converge())
	require.Equal(t, 2, f.driver.Made())
}

func TestWhenAllIsAsRecordedTheReconcilerWritesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.startRunning()
	f.signalled()
	f.reconcile()
	require.False(t, f.signalled())
	require.Zero(t, f.converge())
}

func TestAListThatFailsIsAnErrorAndOneThatCannotBeHadIsNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.driver.Fail(driver.ErrUnavailable, "list")
	f.reconcile()
	f.driver.Fail(errBroken, "list")
	_, err := f.reconciler.runOnce(t.Context())
	require.ErrorIs(t, err, errBroken)
	require.ErrorContains(t, err, "list engines")
}

func TestAReportThatIsLostIsMadeAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.driver.Change(uuid.New(), func(o *driver.Observed) {
		o.Phase, o.Name, o.ContainerID = driver.PhaseRunning, "galaxy-game-x", "x1"
	})
	f.notifier.FailWith(errBroken)
	_, err := f.reconciler.runOnce(t.Context())
	require.ErrorIs(t, err, errBroken)
	f.notifier.FailWith(nil)
	f.clock.Advance(time.Minute)
	f.reconcile()
	require.Len(t, f.notifier.Intents(), 1)
}
