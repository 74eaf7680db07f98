package turn

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
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
	f.setState(g, game.Paused, game.EventPaused)
	require.Zero(t, expected(f.user(g, 0)), "a game that stands still")
}

func TestUserWithoutGamesIsExpectedToDoNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	found, err := NewExpectations(f.db, f.games).Expected(t.Context(), uuid.New(), nil)
	require.NoError(t, err)
	require.NotNil(t, found)
	require.Empty(t, found)
}

func TestExpectationsOfManyGamesAreReadAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	player := uuid.Must(uuid.NewV7())
	var ids []uuid.UUID
	for range 3 {
		g := f.startGame(hourly(), 2)
		f.games.changeMember(g.ID, 1, func(s *game.Membership) { s.UserID = player })
		ids = append(ids, g.ID)
	}
	f.submit(f.games.game(ids[1]), 1)
	f.setReady(f.games.game(ids[2]), 1)
	before := f.db.Traffic()
	found, err := NewExpectations(f.db, f.games).Expected(t.Context(), player, ids)
	require.NoError(t, err)
	require.EqualValues(t, 1, f.db.Traffic().RoundTrips-before.RoundTrips)
	deadline := noon.Add(time.Hour)
	require.Equal(t, map[uuid.UUID]game.Expect{
		ids[0]: {Deadline: &deadline},
		ids[1]: {Submitted: true, Deadline: &deadline},
		ids[2]: {Ready: true, Deadline: &deadline},
	}, found)
}

func TestExpectationsSayWhenSeatsCannotBeRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.startGame(hourly(), 1)
	down := errors.New("connection lost")
	f.games.failReads(down)
	_, err := NewExpectations(f.db, f.games).Expected(t.Context(), f.user(g, 0), []uuid.UUID{g.ID})
	require.ErrorIs(t, err, down)
}
