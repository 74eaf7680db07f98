package turn

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/turn/pace"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/worker"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestStartSetsTheClockAndTellsEveryMember(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 3)
	c := f.clockOf(g)
	require.Equal(t, 0, c.Turn)
	require.Equal(t, noon.Add(time.Hour), *c.NextTurnAt)
	intents := f.notifier.Intents(notification.KindGameStarted)
	require.Len(t, intents, 3)
	require.Equal(t, notification.GameStarted{
		GameRef: g.Ref(), NextTurnAt: c.NextTurnAt, RaceName: "Race1",
	}, intents[1].Payload)
	require.Equal(t, []uuid.UUID{f.user(g, 1)}, intents[1].Recipients)
	require.Len(t, f.submissionsOf(g), 3)

	f.notify(g, game.EventStarted) // heard twice
	require.Equal(t, 3, f.notifier.Count(notification.KindGameStarted))
	require.Equal(t, c, f.clockOf(g))
}

func TestPausedGameMakesNoTurnAndKeepsItsTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(20 * time.Minute)
	f.setState(g, game.Paused, game.EventPaused)
	require.Nil(t, f.clockOf(g).NextTurnAt)
	f.clock.Advance(72 * time.Hour)
	f.run()
	require.Empty(t, f.engine.game(g.ID).requested)
	f.setState(g, game.Running, game.EventResumed)
	require.Equal(t, f.clock.Now().Add(40*time.Minute), *f.clockOf(g).NextTurnAt)
}

func TestNewScheduleStartsANewDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(30 * time.Minute)
	f.games.changeGame(g.ID, func(g *game.Game) { g.Turns.EarlyWhenReady = true })
	f.notify(g, game.EventSettings)
	require.Equal(t, noon.Add(time.Hour), *f.clockOf(g).NextTurnAt, "the deadline is none of its business")
	f.games.changeGame(g.ID, func(g *game.Game) { g.Turns.Interval = 2 * time.Hour })
	f.notify(g, game.EventSettings)
	require.Equal(t, f.clock.Now().Add(2*time.Hour), *f.clockOf(g).NextTurnAt)
	f.games.changeGame(g.ID, func(g *game.Game) { g.Turns = schedule.Settings{Mode: schedule.Manual} })
	f.notify(g, game.EventSettings)
	require.Nil(t, f.clockOf(g).NextTurnAt)
}

func TestTurnWaitsNoLongerForWhoeverLeaves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 2)
	f.setReady(g, 0)
	f.run()
	require.Equal(t, 0, f.clockOf(g).Turn)
	f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.Status = game.Removed })
	f.notify(g, game.EventSeatLeft)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestSuccessorIsWaitedForWhateverTheirPredecessorSaid(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 2)
	f.setReady(g, 1)
	successor := uuid.Must(uuid.NewV7())
	f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.UserID = successor })
	f.notifyTaken(g, 1)
	expected, err := NewExpectations(f.db, f.games).Expected(t.Context(), successor, []uuid.UUID{g.ID})
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]game.Expect{g.ID: {}}, expected)
	f.setReady(g, 0)
	f.run()
	require.Equal(t, 0, f.clockOf(g).Turn, "the one before was ready, not the successor")
	f.setReady(g, 1)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestSuccessorOfARaceOutOfPlayIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 2)
	f.engine.game(g.ID).races[1].State = enginev1.RaceEliminated
	f.makeTurn(g)
	f.notifyTaken(g, 1)
	f.setReady(g, 0)
	f.run()
	require.Equal(t, 2, f.clockOf(g).Turn)
}

// A change that is refused must leave neither a clock nor an announcement.
func TestChangeThatLacksWhatItIsAboutIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	require.ErrorContains(t, f.tryNotify(g, game.Change{Event: game.EventRaceBlocked}), "a race was blocked and not named")
	require.ErrorContains(t, f.tryNotify(g, game.Change{Event: game.EventSeatTaken}), "a seat was taken and not named")

	f.exec(`DELETE FROM turn_clocks WHERE game_id = $1`, g.ID)
	started := len(f.notifier.Intents(notification.KindGameStarted))
	for _, status := range []*enginev1.Status{nil, {State: enginev1.StateUninitialized}} {
		err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			c := game.Change{Game: f.games.game(g.ID), Event: game.EventStarted, Status: status}
			return f.observer.GameChanged(ctx, tx, c)
		})
		require.ErrorContains(t, err, "started without a status")
	}
	require.Zero(t, f.count(`SELECT count(*) FROM turn_clocks WHERE game_id = $1`, g.ID))
	require.Len(t, f.notifier.Intents(notification.KindGameStarted), started)
}

func TestGameThatNeverStartedHasNoClockToChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 2)
	f.exec(`DELETE FROM turn_clocks WHERE game_id = $1`, g.ID)
	f.notifyBlocked(g, "Race1")
	f.notifyTaken(g, 1)
	for _, e := range []game.Event{
		game.EventSettings, game.EventPaused, game.EventResumed, game.EventCancelled, game.EventFinished,
		game.EventSeatLeft, "something else",
	} {
		f.notify(g, e)
	}
	require.Zero(t, f.count(`SELECT count(*) FROM turn_clocks WHERE game_id = $1`, g.ID))
	require.Empty(t, f.runsOf(g))
}

// What never reached the engine leaves no trace; what was tried is kept.
func TestQueuedTurnsGoWithThePauseOrTheEndOfTheirGame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		event game.Event
		state game.State
		code  string
		clock string
	}{
		{game.EventPaused, game.Paused, "game_paused", pace.Paused},
		{game.EventFinished, game.Finished, "game_over", pace.Stopped},
		{game.EventCancelled, game.Cancelled, "game_over", pace.Stopped},
	} {
		t.Run(string(c.event), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			untried, tried := f.startGameWithWaitingRun(hourly()), f.startGame(hourly(), 1)
			f.engine.game(tried.ID).failBefore = engine.ErrBusy
			f.clock.Advance(time.Hour)
			f.run()
			require.Equal(t, 1, f.runsOf(tried)[0].Attempts)
			for _, g := range []game.Game{untried, tried} {
				f.setState(g, c.state, c.event)
				require.Equal(t, c.clock, f.clockOf(g).Status)
				require.Nil(t, f.clockOf(g).NextTurnAt)
			}
			require.Empty(t, f.runsOf(untried))
			run := f.runsOf(tried)[0]
			require.Equal(t, RunFailed, run.Status)
			require.Equal(t, c.code, run.ErrorCode)
			require.NotNil(t, run.FinishedAt)
		})
	}
}

func TestEarlyTurnsThatAreAskedForLateAreMadeAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	f.setReady(g, 0)
	f.setReady(g, 1)
	f.run()
	require.Equal(t, 0, f.clockOf(g).Turn)
	f.games.changeGame(g.ID, func(g *game.Game) { g.Turns.EarlyWhenReady = true })
	f.notify(g, game.EventSettings)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
	require.Equal(t, CauseReady, f.runsOf(g)[0].Cause)
}

func TestGameInWhichAllGotReadyBeforeAPauseGoesOnAfterIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 1)
	f.leaser.take(g.ID)
	f.setReady(g, 0)
	f.setState(g, game.Paused, game.EventPaused)
	require.Empty(t, f.runsOf(g))
	f.leaser.free(g.ID)
	f.setState(g, game.Running, game.EventResumed)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestStartTellsAndWaitsForActiveMembersOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 3)
	f.exec(`DELETE FROM turn_clocks WHERE game_id = $1`, g.ID) // as before its engine came up
	told := len(f.notifier.Intents(notification.KindGameStarted))
	f.games.changeMember(g.ID, 0, func(s *game.Membership) { s.Founding, s.Status, s.Reason = true, game.Removed, "left" })
	f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.Vacant = true })
	f.notify(g, game.EventStarted)
	intents := f.notifier.Intents(notification.KindGameStarted)[told:]
	require.Len(t, intents, 2)
	require.Equal(t, []uuid.UUID{f.user(g, 1)}, intents[0].Recipients)
	awaited := map[string]bool{}
	for _, s := range f.submissionsOf(g) {
		awaited[s.RaceName] = s.Awaited
	}
	require.Equal(t, map[string]bool{"Race1": false, "Race2": true}, awaited, "a vacant seat is not waited for")
}

// The game's transaction fails with its observer: a game must not change without
// its clock.
func TestObserverPassesOnWhatItCannotRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 1)
	member := f.games.members(g.ID)[0]
	down := errors.New("connection lost")
	f.games.failReads(down)
	for _, c := range []game.Change{
		{Event: game.EventSeatLeft}, {Event: game.EventSeatTaken, Taken: &member}, {Event: game.EventSettings},
	} {
		require.ErrorIs(t, f.tryNotify(g, c), down, c.Event)
	}
	f.exec(`DELETE FROM turn_clocks WHERE game_id = $1`, g.ID)
	require.ErrorIs(t, f.tryNotify(g, game.Change{Event: game.EventStarted}), down)
	require.Zero(t, f.count(`SELECT count(*) FROM turn_clocks WHERE game_id = $1`, g.ID))
}

func TestCommittedChangeWakesTheRunner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	signal := worker.NewSignal()
	f.observer = NewObserver(f.clock, f.games, f.notifier, signal)
	f.games.observer = f.observer
	g := f.startGame(hourly(), 1)
	<-signal.C()
	f.setState(g, game.Paused, game.EventPaused)
	<-signal.C()
	rolledBack := errors.New("rolled back")
	require.ErrorIs(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		resumed := game.Change{Game: f.games.game(g.ID), Event: game.EventResumed}
		require.NoError(t, f.observer.GameChanged(ctx, tx, resumed))
		return rolledBack
	}), rolledBack)
	require.Empty(t, signal.C())
	require.Equal(t, pace.Paused, f.clockOf(g).Status)
}
