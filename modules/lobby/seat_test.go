package lobby

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestAnOfferedSeatIsTakenOverUnderItsLabel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(5)
	eve, ann := p[3], p[4]
	g, races := f.running(root, p[:3]...)
	_, err := f.s.Offer(t.Context(), root, g.ID, races[1])
	require.ErrorIs(t, err, ErrSeatTaken)
	require.NoError(t, f.games.Leave(t.Context(), p[1], g.ID))
	_, _, err = f.s.Take(t.Context(), eve, g.ID, races[1])
	require.ErrorIs(t, err, ErrSeatNotOffered)
	for range 2 {
		s, err := f.s.Offer(t.Context(), root, g.ID, races[1])
		require.NoError(t, err)
		require.NotNil(t, s.OfferedAt)
	}
	_, _, err = f.s.Take(t.Context(), p[1], g.ID, races[1]) // who left cannot come back
	require.ErrorIs(t, err, ErrMemberRemoved)
	_, _, err = f.s.Take(t.Context(), p[0], g.ID, races[1])
	require.ErrorIs(t, err, ErrAlreadyMember)
	won, lost := testkit.AtOnce([]uuid.UUID{eve, ann}, func(u uuid.UUID) error {
		_, _, err := f.s.Take(t.Context(), u, g.ID, races[1])
		return err
	})
	require.Equal(t, 1, won)
	require.Len(t, lost, 1)
	successor := eve
	if _, err := f.cache.Membership(t.Context(), g.ID, ann); err == nil {
		successor = ann
	}
	s := f.membership(g, successor)
	require.Equal(t, []any{races[1], game.Active, true, true}, []any{s.RaceName, s.Status, s.Successor, s.Founding})
	require.Empty(t, f.namesOf(successor))
	require.Equal(t, 3, f.game(g.ID).SeatsTaken)
	_, err = f.s.Offer(t.Context(), root, g.ID, races[1])
	require.ErrorIs(t, err, ErrSeatTaken)
	_, err = f.s.Offer(t.Context(), root, g.ID, "Nobody's")
	require.ErrorIs(t, err, game.ErrNotFound)
}

func TestASeatWhoseMemberStaysAwayIsFree(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, races := f.running(root, p[:2]...)
	mark := func(vacant bool) {
		require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			f.cache.SetVacant(tx, g.ID, races[1], vacant)
			return nil
		}))
	}
	mark(true)
	require.True(t, f.membership(g, p[1]).Vacant)
	_, err := f.s.Offer(t.Context(), root, g.ID, races[1])
	require.NoError(t, err)
	mark(false) // orders came in
	_, _, err = f.s.Take(t.Context(), p[2], g.ID, races[1])
	require.ErrorIs(t, err, ErrSeatTaken)
	mark(true)
	s, err := f.s.Replace(t.Context(), root, g.ID, p[1], p[2]) // an operator needs no offer
	require.NoError(t, err)
	require.Equal(t, races[1], s.RaceName)
	old := f.membership(g, p[1])
	require.Equal(t, []string{game.Removed, game.ReasonReplaced}, []string{old.Status, old.Reason})
	require.Empty(t, f.namesOf(p[1]))
	require.Equal(t, 2, f.game(g.ID).SeatsTaken)
}

// withReusedName is a running game in which a former member gave a race name up
// that the other member has now.
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

func TestAnOfferIsToldToTheOwnerAndToFormerApplicantsOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	g := f.opened(by(p[0]), byApplying)
	races := f.enrollAll(g, p[0], p[1])
	rejectedOnce, err := f.apply(g, p[2], "Vogon")
	require.NoError(t, err)
	_, err = f.s.Reject(t.Context(), by(p[0]), rejectedOnce.ID, "")
	require.NoError(t, err)
	_, err = f.apply(g, p[3], "Klingon") // is rejected when the enrollment ends
	require.NoError(t, err)
	f.move(by(p[0]), g.ID, game.Close, game.Start)
	f.observe(g.ID, runtime.Running, withStatus(races...))
	require.NoError(t, f.games.Leave(t.Context(), p[1], g.ID))
	for range 2 {
		_, err = f.s.Offer(t.Context(), by(p[0]), g.ID, races[1])
		require.NoError(t, err)
	}
	offers := f.intents.Intents(notification.KindGameSeatOffered)
	require.Len(t, offers, 1)
	require.ElementsMatch(t, []uuid.UUID{p[0], p[2], p[3]}, offers[0].Recipients)
}

func TestWhyASeatIsNotOffered(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, races := f.running(by(p[0]), p[0], p[1])
	enrolling := f.opened(by(p[0]))
	early := f.enroll(enrolling, p[1], "Vogon")
	over, overRaces := f.running(root, p[:2]...)
	require.NoError(t, f.games.Leave(t.Context(), p[1], over.ID))
	f.move(root, over.ID, game.Cancel)
	for name, c := range map[string]struct {
		by   game.Actor
		game uuid.UUID
		race string
		want error
	}{
		"its member plays":    {by(p[0]), g.ID, races[1], ErrSeatTaken},
		"no such race":        {by(p[0]), g.ID, "Vogon", game.ErrNotFound},
		"by a member":         {by(p[1]), g.ID, races[1], game.ErrNotOwner},
		"by a stranger":       {by(p[2]), g.ID, races[1], game.ErrNotFound},
		"before the start":    {by(p[0]), enrolling.ID, early, game.ErrState},
		"of a cancelled game": {root, over.ID, overRaces[1], game.ErrState},
	} {
		_, err := f.s.Offer(t.Context(), c.by, c.game, c.race)
		require.ErrorIs(t, err, c.want, name)
	}
}

func TestWhoMayNotSucceed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(6)
	g, races := f.running(root, p[:4]...)
	require.NoError(t, f.games.Leave(t.Context(), p[1], g.ID))
	require.NoError(t, f.games.Leave(t.Context(), p[2], g.ID))
	_, err := f.games.Block(t.Context(), root, g.ID, p[3])
	require.NoError(t, err)
	_, err = f.s.Offer(t.Context(), root, g.ID, races[1])
	require.NoError(t, err)
	f.users.SetLimit(p[4], user.ActiveMemberships, 0, nil)
	f.users.Sanction(p[5], user.GameJoinBlock, "spam", nil)
	for name, c := range map[string]struct {
		who            uuid.UUID
		taken, replace error
	}{
		"a member":             {p[0], ErrAlreadyMember, ErrAlreadyMember},
		"another who left":     {p[2], ErrMemberRemoved, ErrMemberRemoved},
		"a banned member":      {p[3], ErrMemberBlocked, ErrMemberBlocked},
		"with many games":      {p[4], ErrMembershipLimit, ErrMembershipLimit},
		"who may not join any": {p[5], ErrJoinBlocked, ErrUserUnavailable},
	} {
		before := f.fingerprint()
		_, _, err := f.s.Take(t.Context(), c.who, g.ID, races[1])
		require.ErrorIs(t, err, c.taken, name)
		_, err = f.s.Replace(t.Context(), root, g.ID, p[1], c.who)
		require.ErrorIs(t, err, c.replace, name)
		require.Equal(t, before, f.fingerprint(), name)
	}
}

func TestAnOwnerJoinsTheirOwnGame(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.opened(by(ada))
	first, made, err := f.s.Join(t.Context(), ada, g.ID, "Zorg")
	require.NoError(t, err)
	require.True(t, made)
	again, made, err := f.s.Join(t.Context(), ada, g.ID, "Zorg")
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, first.RaceName, again.RaceName)
	_, _, err = f.s.Join(t.Context(), ada, g.ID, "Vogon")
	require.ErrorIs(t, err, ErrAlreadyMember)
	_, _, err = f.s.Join(t.Context(), bob, g.ID, "Vogon")
	require.ErrorIs(t, err, game.ErrNotFound)
	_, _, err = f.s.Join(t.Context(), ada, f.opened(root).ID, "Vogon")
	require.ErrorIs(t, err, game.ErrNotOwner)
}
