package turn

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/lobby"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestGameExpectsNothingOfWhoeverDoesNotPlayIt(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 2)
	expected := func(user uuid.UUID) int {
		found, err := NewExpectations(f.db, f.games).Expected(t.Context(), user, []uuid.UUID{g.ID})
		require.NoError(t, err)
		return len(found)
	}
	require.Equal(t, 1, expected(f.user(g, 0)))
	require.Zero(t, expected(uuid.New()), "an owner who does not play")
	f.engine.game(g.ID).races[1].State = enginev1.RaceEliminated
	f.makeTurn(g)
	require.Equal(t, []int{1, 0}, []int{expected(f.user(g, 0)), expected(f.user(g, 1))}, "a race out of play")
	f.setState(g, lobby.Paused, lobby.EventPaused)
	require.Zero(t, expected(f.user(g, 0)), "a game that stands still")
}
