package turn

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/schedule"
)

func TestOnlyWhenReadyWaitsForTheNextSlot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.OnlyWhenReady = true
	g := f.startGame(turns, 2)
	f.clock.Advance(time.Hour)
	f.run()
	require.Empty(t, f.engine.game(g.ID).requested)
	require.Equal(t, noon.Add(2*time.Hour), *f.clockOf(g).NextTurnAt)
	require.Empty(t, f.runsOf(g))
	f.setReady(g, 0)
	f.setReady(g, 1)
	f.run()
	require.Empty(t, f.engine.game(g.ID).requested, "early turns were not asked for")
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestExcusedMissExtendsATurnOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.ExcusedMisses = 1
	g := f.startGame(turns, 2)
	f.submit(g, 0)
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, 0, f.clockOf(g).Turn)
	require.Equal(t, noon.Add(2*time.Hour), *f.clockOf(g).NextTurnAt)
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn, "extended once")
	require.Equal(t, map[string]string{"Race0": pace.Received, "Race1": pace.Excused}, f.outcomes(g, 0))

	f.submit(g, 0)
	f.clock.Set(*f.clockOf(g).NextTurnAt)
	f.run()
	require.Equal(t, 2, f.clockOf(g).Turn, "the excuse was used up")
	require.Equal(t, map[string]string{"Race0": pace.Received, "Race1": pace.Missed}, f.outcomes(g, 1))
}

func TestExcuseAfterDowntimeGivesTimeToUseIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.ExcusedMisses = 1
	g := f.startGame(turns, 1)
	f.clock.Advance(72 * time.Hour)
	f.run()
	require.Equal(t, 0, f.clockOf(g).Turn)
	require.Equal(t, f.clock.Now().Add(time.Hour), *f.clockOf(g).NextTurnAt)
}

func TestDeadlineThatMovedMakesNoTurn(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(f *fixture, g game.Game){
		"extended": func(f *fixture, g game.Game) {
			_, err := f.service.Extend(f.Context(), g.ID, uuid.Nil, noon.Add(2*time.Hour))
			require.NoError(f, err)
		},
		"another schedule": func(f *fixture, g game.Game) {
			f.games.changeGame(g.ID, func(g *game.Game) { g.Turns.Interval = 2 * time.Hour })
			f.notify(g, game.EventSettings)
		},
		"no schedule": func(f *fixture, g game.Game) {
			f.games.changeGame(g.ID, func(g *game.Game) { g.Turns = schedule.Settings{Mode: schedule.Manual} })
			f.notify(g, game.EventSettings)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			g := f.startGameWithWaitingRun(hourly())
			move(f, g)
			f.freeEngine(g)
			require.Empty(t, f.engine.game(g.ID).requested)
			require.Empty(t, f.runsOf(g))
			if at := f.clockOf(g).NextTurnAt; at != nil {
				f.clock.Set(*at)
				f.run()
				require.Equal(t, 1, f.clockOf(g).Turn)
			}
		})
	}
}

func TestReadinessThatWasWithdrawnInTimeMakesNoTurn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 2)
	f.leaser.take(g.ID) // somebody works on the engine
	f.setReady(g, 0)
	f.setReady(g, 1)
	f.run()
	_, err := f.service.Withdraw(t.Context(), g.ID, f.user(g, 0))
	require.NoError(t, err)
	f.freeEngine(g)
	require.Empty(t, f.engine.game(g.ID).requested)
	require.Empty(t, f.runsOf(g))
	f.setReady(g, 0)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

// The clock's own run would wait for the next slot.
func TestOperatorsTurnIsMadeThoughTheClockWouldSkipIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.OnlyWhenReady = true
	g := f.startGameWithWaitingRun(turns)
	due := f.runsOf(g)[0]
	run, err := f.service.Advance(operator(t), g.ID, true)
	require.NoError(t, err)
	require.Equal(t, due.ID, run.ID)
	require.Equal(t, CauseManual, run.Cause)
	require.True(t, run.KeepDeadline)
	require.Equal(t, "root", run.RequestedBy)
	f.freeEngine(g)
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Equal(t, CauseManual, f.runsOf(g)[0].Cause)
	require.Equal(t, "root", f.runsOf(g)[0].RequestedBy)
}

// Not being ready moves the deadline by itself; no excuse is spent on it.
func TestExcuseIsNotSpentWhileTheGameWaitsForReadiness(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.OnlyWhenReady, turns.ExcusedMisses = true, 1
	g := f.startGame(turns, 1)
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, noon.Add(2*time.Hour), *f.clockOf(g).NextTurnAt)
	require.Nil(t, f.submissionsOf(g)[0].ExcusedAt)
	require.Zero(t, f.clockOf(g).ExtendedTotal)
}

func TestNobodyIsExcusedWhoSubmitted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	turns := hourly()
	turns.ExcusedMisses = 1
	g := f.startGame(turns, 2)
	f.submitAll(g)
	f.clock.Advance(time.Hour)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Equal(t, map[string]string{"Race0": pace.Received, "Race1": pace.Received}, f.outcomes(g, 0))
}

func TestEarlyTurnIsMadeWhenEverybodyIsStillReady(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 2)
	f.leaser.take(g.ID)
	f.setReady(g, 0)
	f.setReady(g, 1)
	f.run()
	f.freeEngine(g)
	require.Equal(t, 1, f.clockOf(g).Turn)
}

// Orders that come while the run waits withdraw readiness as a player would.
func TestOrdersWhileTheRunWaitsTakeReadinessBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 1)
	f.leaser.take(g.ID)
	f.setReady(g, 0)
	f.run()
	f.submit(g, 0)
	f.freeEngine(g)
	require.Equal(t, 0, f.clockOf(g).Turn)
	require.Empty(t, f.runsOf(g))
}

func TestRunThatWasTriedIsKeptWhenItIsNotWantedAnyMore(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.engine.game(g.ID).failBefore = engine.ErrBusy
	f.clock.Advance(time.Hour)
	f.run()
	_, err := f.service.Extend(t.Context(), g.ID, uuid.Nil, noon.Add(3*time.Hour))
	require.NoError(t, err)
	f.clock.Advance(time.Minute)
	f.run()
	run := f.runsOf(g)[0]
	require.Equal(t, RunFailed, run.Status)
	require.Equal(t, "deadline_moved", run.ErrorCode)
	require.Equal(t, 2, run.Attempts)
	require.Empty(t, f.engine.game(g.ID).generated)
}
