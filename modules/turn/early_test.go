package turn

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func (w *table) readies(g game.Game, i int) {
	w.Helper()
	_, err := w.service.Ready(w.Context(), g.ID, w.user(g, i), w.clockOf(g).Turn)
	require.NoError(w, err)
}

func early() schedule.Settings { return schedule.Settings{Mode: schedule.Manual, EarlyWhenReady: true} }

func TestTurnWaitsNoLongerForWhoeverLeaves(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(early(), 2)
	w.readies(g, 0)
	w.settle()
	require.Equal(t, 0, w.clockOf(g).Turn)
	w.lobby.reseat(g.ID, 1, func(s *game.Membership) { s.Status = game.Removed })
	w.tell(g, game.EventSeatLeft)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
}

func TestTurnWaitsNoLongerForABanishedRace(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(early(), 2)
	w.readies(g, 0)
	_, err := w.service.Banish(t.Context(), g.ID, "Race1")
	require.NoError(t, err)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
	_, err = w.service.Ready(t.Context(), g.ID, w.user(g, 1), 1)
	require.ErrorIs(t, err, ErrRaceInactive)
}

// The member of a dead race could otherwise put himself on the list of those who
// are waited for, and hold the game up for ever.
func TestRaceOutOfPlayHoldsNoTurnUp(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	turns := hourly()
	turns.OnlyWhenReady = true
	g := w.game(turns, 2)
	w.engine.get(g.ID).races[1].State = enginev1.RaceEliminated
	_, err := w.service.Advance(t.Context(), g.ID, false)
	require.NoError(t, err)
	w.settle()
	_, err = w.service.Ready(t.Context(), g.ID, w.user(g, 1), 1)
	require.ErrorIs(t, err, ErrRaceInactive)
	r, err := w.service.Withdraw(t.Context(), g.ID, w.user(g, 1))
	require.NoError(t, err)
	require.Equal(t, Readiness{Turn: 1, Awaited: 1, NotReady: 1}, r)
	w.readies(g, 0)
	w.clock.Set(*w.clockOf(g).NextTurnAt)
	w.settle()
	require.Equal(t, 2, w.clockOf(g).Turn)
}

func TestSuccessorIsWaitedForAndNobodySpeaksForThem(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(early(), 2)
	w.readies(g, 1)
	heir := uuid.Must(uuid.NewV7())
	w.lobby.reseat(g.ID, 1, func(s *game.Membership) { s.UserID = heir })
	w.tell(g, game.EventSeatTaken, func(c *game.Change) { c.Taken = &w.lobby.members[g.ID][1] })
	expected, err := NewExpectations(w.db, w.lobby).Expected(t.Context(), heir, []uuid.UUID{g.ID})
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]game.Expect{g.ID: {}}, expected)
	w.readies(g, 0)
	w.settle()
	require.Equal(t, 0, w.clockOf(g).Turn, "the one before was ready, not the successor")
	w.readies(g, 1)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
}

func TestSuccessorOfADeadRaceIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(early(), 2)
	w.engine.get(g.ID).races[1].State = enginev1.RaceEliminated
	_, err := w.service.Advance(t.Context(), g.ID, false)
	require.NoError(t, err)
	w.settle()
	w.tell(g, game.EventSeatTaken, func(c *game.Change) { c.Taken = &w.lobby.members[g.ID][1] })
	w.readies(g, 0)
	w.settle()
	require.Equal(t, 2, w.clockOf(g).Turn)
}

func TestGameExpectsNothingOfWhoeverDoesNotPlayIt(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 2)
	expected := func(user uuid.UUID) int {
		found, err := NewExpectations(w.db, w.lobby).Expected(t.Context(), user, []uuid.UUID{g.ID})
		require.NoError(t, err)
		return len(found)
	}
	require.Equal(t, 1, expected(w.user(g, 0)))
	require.Zero(t, expected(uuid.New()), "an owner who does not play")
	w.engine.get(g.ID).races[1].State = enginev1.RaceEliminated
	_, err := w.service.Advance(t.Context(), g.ID, false)
	require.NoError(t, err)
	w.settle()
	require.Equal(t, []int{1, 0}, []int{expected(w.user(g, 0)), expected(w.user(g, 1))}, "a race out of play")
	w.move(g, game.Paused, game.EventPaused)
	require.Zero(t, expected(w.user(g, 0)), "a game that stands still")
}

func TestReadinessThatWasWithdrawnInTimeMakesNoTurn(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(early(), 2)
	w.gate.held[g.ID] = uuid.New() // somebody works on the engine
	w.readies(g, 0)
	w.readies(g, 1)
	w.settle()
	_, err := w.service.Withdraw(t.Context(), g.ID, w.user(g, 0))
	require.NoError(t, err)
	delete(w.gate.held, g.ID)
	w.clock.Advance(time.Minute)
	w.settle()
	require.Empty(t, w.engine.get(g.ID).puts)
	require.Empty(t, w.runsOf(g))
	w.readies(g, 0)
	w.settle()
	require.Equal(t, 1, w.clockOf(g).Turn)
}

func TestMemberWhoWasBannedWhileTheEngineCameUpIsBanished(t *testing.T) {
	t.Parallel()
	w := newTable(t)
	g := w.game(hourly(), 3)
	w.exec(`DELETE FROM turn_clocks WHERE game_id = $1`, g.ID) // as before it came up
	w.lobby.reseat(g.ID, 0, func(s *game.Membership) { s.Founding, s.Status = true, game.Blocked })
	w.lobby.reseat(g.ID, 1, func(s *game.Membership) { s.Founding, s.Status, s.Reason = true, game.Removed, "left" })
	w.tell(g, game.EventRaceBlocked, func(c *game.Change) { // there is no race yet
		c.Blocked = &game.BlockedRace{RaceName: "Race0", Cause: game.CauseBlocked}
	})
	w.settle()
	require.Empty(t, w.engine.get(g.ID).banished)
	w.tell(g, game.EventStarted)
	w.settle()
	require.Equal(t, []string{"Race0"}, w.engine.get(g.ID).banished)
}
