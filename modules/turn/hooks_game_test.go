package turn

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/lobby"
	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestStartSetsTheClockAndTellsEveryMember(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 3)
	c := f.clockOf(g)
	require.Equal(t, 0, c.Turn)
	require.Equal(t, noon.Add(time.Hour), *c.NextTurnAt)
	intents := f.notifier.Intents(notification.GameStarted)
	require.Len(t, intents, 3)
	require.Equal(t, "Race1", intents[1].Payload["race_name"])
	require.Equal(t, []uuid.UUID{f.user(g, 1)}, intents[1].Recipients)
	require.Len(t, f.submissionsOf(g), 3)

	f.notify(g, lobby.EventStarted) // heard twice
	require.Len(t, f.notifier.Intents(notification.GameStarted), 3)
	require.Equal(t, c, f.clockOf(g))
}

func TestPausedGameMakesNoTurnAndKeepsItsTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(20 * time.Minute)
	f.setState(g, lobby.Paused, lobby.EventPaused)
	require.Nil(t, f.clockOf(g).NextTurnAt)
	f.clock.Advance(72 * time.Hour)
	f.run()
	require.Empty(t, f.engine.game(g.ID).requested)
	f.setState(g, lobby.Running, lobby.EventResumed)
	require.Equal(t, f.clock.Now().Add(40*time.Minute), *f.clockOf(g).NextTurnAt)
}

func TestNewScheduleStartsANewDeadline(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	f.clock.Advance(30 * time.Minute)
	f.games.changeGame(g.ID, func(g *lobby.Game) { g.Turns.EarlyWhenReady = true })
	f.notify(g, lobby.EventSettings)
	require.Equal(t, noon.Add(time.Hour), *f.clockOf(g).NextTurnAt, "the deadline is none of its business")
	f.games.changeGame(g.ID, func(g *lobby.Game) { g.Turns.Interval = 2 * time.Hour })
	f.notify(g, lobby.EventSettings)
	require.Equal(t, f.clock.Now().Add(2*time.Hour), *f.clockOf(g).NextTurnAt)
	f.games.changeGame(g.ID, func(g *lobby.Game) { g.Turns = schedule.Settings{Mode: schedule.Manual} })
	f.notify(g, lobby.EventSettings)
	require.Nil(t, f.clockOf(g).NextTurnAt)
}

func TestTurnWaitsNoLongerForWhoeverLeaves(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 2)
	f.setReady(g, 0)
	f.run()
	require.Equal(t, 0, f.clockOf(g).Turn)
	f.games.changeSeat(g.ID, 1, func(s *lobby.Seat) { s.Status = lobby.Removed })
	f.notify(g, lobby.EventSeatLeft)
	f.run()
	require.Equal(t, 1, f.clockOf(g).Turn)
}

func TestSuccessorIsWaitedForWhateverTheirPredecessorSaid(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(earlyWhenReady(), 2)
	f.setReady(g, 1)
	successor := uuid.Must(uuid.NewV7())
	f.games.changeSeat(g.ID, 1, func(s *lobby.Seat) { s.UserID = successor })
	f.notifyTaken(g, 1)
	expected, err := NewExpectations(f.db, f.games).Expected(t.Context(), successor, []uuid.UUID{g.ID})
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]lobby.Expect{g.ID: {}}, expected)
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
