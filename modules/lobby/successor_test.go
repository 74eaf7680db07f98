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
func (l *lounge) renamed(owner uuid.UUID) (g game.Game, former, holder uuid.UUID) {
	l.Helper()
	former, holder = l.person(), l.person()
	g = l.opened(by(owner), func(n *game.NewGame) { n.MinPlayers = 1 })
	l.sit(g, former, "Zorg")
	require.NoError(l, l.Leave(l.Context(), former, g.ID))
	l.sit(g, holder, "Zorg")
	l.step(by(owner), g.ID, game.Close, game.Start)
	l.observe(g.ID, runtime.Running, func(c *runtime.Change) { c.Status = statusOf(0, "Zorg") })
	return g, former, holder
}

func TestASeatThatWasGivenUpBeforeItsRaceExistedIsNotFree(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, eve, ann := l.person(), l.person(), l.person()
	g, former, holder := l.renamed(ada)
	require.False(t, l.seatOf(g, former).Free())
	_, err := l.Offer(t.Context(), by(ada), g.ID, "Zorg")
	refused(t, err, ErrSeatTaken)
	_, err = l.Replace(t.Context(), root, g.ID, former, eve)
	refused(t, err, ErrSeatTaken)
	require.NoError(t, l.Leave(t.Context(), holder, g.ID))
	_, err = l.Replace(t.Context(), root, g.ID, former, eve)
	refused(t, err, game.ErrMembershipEnded)
	s, err := l.Replace(t.Context(), root, g.ID, holder, eve)
	require.NoError(t, err)
	require.True(t, s.Founding)
	_, err = l.Replace(t.Context(), root, g.ID, holder, ann) // nobody sits there twice
	refused(t, err, ErrSeatTaken)
}

func TestATakenSeatAnswersAsItDid(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(3)
	g, races := l.running(root, p[:2]...)
	require.NoError(t, l.Leave(t.Context(), p[1], g.ID))
	_, err := l.Offer(t.Context(), root, g.ID, races[1])
	require.NoError(t, err)
	first, made, err := l.Take(t.Context(), p[2], g.ID, races[1])
	require.NoError(t, err)
	require.True(t, made)
	require.Equal(t, []game.Event{game.EventStarted, game.EventSeatLeft, game.EventSeatTaken}, l.log.events)
	again, made, err := l.Take(t.Context(), p[2], g.ID, races[1])
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, first.RaceName, again.RaceName)
	_, _, err = l.Take(t.Context(), p[0], g.ID, races[0]) // sits there, but did not take it over
	refused(t, err, ErrSeatTaken)
}

func TestASuccessorWhoCannotPlayIsNotTheOperatorsFault(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	g, _ := l.running(root, p...)
	require.NoError(t, l.Leave(t.Context(), p[1], g.ID))
	_, err := l.Replace(t.Context(), root, g.ID, p[1], uuid.New())
	refused(t, err, ErrUserUnavailable)
}

func TestAnOfferedSeatOfAPrivateGameIsTakenByWhoIsInvited(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(4)
	g, races := l.running(by(p[0]), p[0], p[1])
	invite := func(whom uuid.UUID) error {
		_, _, err := l.Invite(t.Context(), p[0], Invitation{Game: g.ID, UserID: whom}, "")
		return err
	}
	refused(t, invite(p[2]), ErrEnrollmentClosed)
	require.NoError(t, l.Leave(t.Context(), p[1], g.ID))
	refused(t, invite(p[2]), ErrEnrollmentClosed)
	_, err := l.Offer(t.Context(), by(p[0]), g.ID, races[1])
	require.NoError(t, err)
	refused(t, invite(p[1]), ErrMemberRemoved)
	require.NoError(t, invite(p[2]))

	_, _, err = l.Take(t.Context(), p[3], g.ID, races[1])
	refused(t, err, game.ErrNotFound)
	seat, made, err := l.Take(t.Context(), p[2], g.ID, races[1])
	require.NoError(t, err)
	require.True(t, made)
	require.Equal(t, races[1], seat.RaceName)
	mine, err := l.MyInvites(t.Context(), p[2], uuid.Max, 10)
	require.NoError(t, err)
	require.Equal(t, redeemed, mine[0].State)
	refused(t, invite(p[3]), ErrEnrollmentClosed)
}
