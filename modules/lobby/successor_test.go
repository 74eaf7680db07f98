package lobby

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/runtime"
)

// renamed is a running game in which a former member gave a race name up that
// the other member has now.
func (f *fixture) withReusedName(owner uuid.UUID) (g game.Game, former, holder uuid.UUID) {
	f.Helper()
	former, holder = f.addUser(), f.addUser()
	g = f.opened(by(owner), func(n *game.NewGame) { n.MinPlayers = 1 })
	f.enroll(g, former, "Zorg")
	require.NoError(f, f.games.Leave(f.Context(), former, g.ID))
	f.enroll(g, holder, "Zorg")
	f.move(by(owner), g.ID, game.Close, game.Start)
	f.observe(g.ID, runtime.Running, withStatus("Zorg"))
	return g, former, holder
}

func TestASeatThatWasGivenUpBeforeItsRaceExistedIsNotFree(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, eve, ann := f.addUser(), f.addUser(), f.addUser()
	g, former, holder := f.withReusedName(ada)
	require.False(t, f.membership(g, former).Free())
	_, err := f.s.Offer(t.Context(), by(ada), g.ID, "Zorg")
	require.ErrorIs(t, err, ErrSeatTaken)
	_, err = f.s.Replace(t.Context(), root, g.ID, former, eve)
	require.ErrorIs(t, err, ErrSeatTaken)
	require.NoError(t, f.games.Leave(t.Context(), holder, g.ID))
	_, err = f.s.Replace(t.Context(), root, g.ID, former, eve)
	require.ErrorIs(t, err, game.ErrMembershipEnded)
	s, err := f.s.Replace(t.Context(), root, g.ID, holder, eve)
	require.NoError(t, err)
	require.True(t, s.Founding)
	_, err = f.s.Replace(t.Context(), root, g.ID, holder, ann) // nobody sits there twice
	require.ErrorIs(t, err, ErrSeatTaken)
}

func TestATakenSeatAnswersAsItDid(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, races := f.running(root, p[:2]...)
	require.NoError(t, f.games.Leave(t.Context(), p[1], g.ID))
	_, err := f.s.Offer(t.Context(), root, g.ID, races[1])
	require.NoError(t, err)
	first, made, err := f.s.Take(t.Context(), p[2], g.ID, races[1])
	require.NoError(t, err)
	require.True(t, made)
	require.Equal(t, []game.Event{game.EventStarted, game.EventSeatLeft, game.EventSeatTaken}, f.observer.events())
	again, made, err := f.s.Take(t.Context(), p[2], g.ID, races[1])
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, first.RaceName, again.RaceName)
	_, _, err = f.s.Take(t.Context(), p[0], g.ID, races[0]) // sits there, but did not take it over
	require.ErrorIs(t, err, ErrSeatTaken)
}

func TestASuccessorWhoCannotPlayIsNotTheOperatorsFault(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, _ := f.running(root, p...)
	require.NoError(t, f.games.Leave(t.Context(), p[1], g.ID))
	_, err := f.s.Replace(t.Context(), root, g.ID, p[1], uuid.New())
	require.ErrorIs(t, err, ErrUserUnavailable)
}

func TestAnOfferedSeatOfAPrivateGameIsTakenByWhoIsInvited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	g, races := f.running(by(p[0]), p[0], p[1])
	invite := func(whom uuid.UUID) error {
		_, _, err := f.s.Invite(t.Context(), p[0], Invitation{Game: g.ID, UserID: whom}, "")
		return err
	}
	require.ErrorIs(t, invite(p[2]), ErrEnrollmentClosed)
	require.NoError(t, f.games.Leave(t.Context(), p[1], g.ID))
	require.ErrorIs(t, invite(p[2]), ErrEnrollmentClosed)
	_, err := f.s.Offer(t.Context(), by(p[0]), g.ID, races[1])
	require.NoError(t, err)
	require.ErrorIs(t, invite(p[1]), ErrMemberRemoved)
	require.NoError(t, invite(p[2]))

	_, _, err = f.s.Take(t.Context(), p[3], g.ID, races[1])
	require.ErrorIs(t, err, game.ErrNotFound)
	seat, made, err := f.s.Take(t.Context(), p[2], g.ID, races[1])
	require.NoError(t, err)
	require.True(t, made)
	require.Equal(t, races[1], seat.RaceName)
	mine, err := f.s.MyInvites(t.Context(), p[2], uuid.Max, 10)
	require.NoError(t, err)
	require.Equal(t, redeemed, mine[0].State)
	require.ErrorIs(t, invite(p[3]), ErrEnrollmentClosed)
}
