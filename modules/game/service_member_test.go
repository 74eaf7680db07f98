package game

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/runtime"
	"galaxy/backend/platform/fault"
	"galaxy/backend/platform/pg"
)

func TestAMemberTakesASeatAndAName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	g := f.opened(root)
	m := f.enroll(g, ada, "Ｚorg")
	require.Equal(t, Membership{GameID: g.ID, UserID: ada, RaceName: "Zorg", Status: Active, JoinedAt: noon}, m)
	require.Equal(t, m, f.membership(g, ada))
	require.Equal(t, []any{1, g.Version + 1}, []any{f.game(g.ID).SeatsTaken, f.game(g.ID).Version})
	require.Equal(t, []string{"reserved Zorg"}, f.namesOf(ada))
}

func TestANameThatIsTakenGivesNoSeat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.opened(root)
	f.enroll(g, ada, "Zorg")
	before := f.fingerprint()
	name, err := racename.Parse("zorg")
	require.NoError(t, err)
	err = f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		locked, err := f.games.LockGame(ctx, tx, g.ID)
		require.NoError(t, err)
		_, err = f.s.Enroll(ctx, tx, &locked, bob, name)
		return err
	})
	require.ErrorIs(t, err, racename.ErrTaken)
	require.Equal(t, before, f.fingerprint())
}

func TestARolledBackEnrollmentLeavesNoTrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	g := f.opened(root)
	before := f.fingerprint()
	name, err := racename.Parse("Zorg")
	require.NoError(t, err)
	err = f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		locked, err := f.games.LockGame(ctx, tx, g.ID)
		require.NoError(t, err)
		_, err = f.s.Enroll(ctx, tx, &locked, ada, name)
		require.NoError(t, err)
		inside, err := f.games.MembershipsIn(ctx, tx, g.ID)
		require.NoError(t, err)
		require.Len(t, inside, 1, "the transaction sees it")
		return errBroken
	})
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, before, f.fingerprint())
	require.Zero(t, f.game(g.ID).SeatsTaken)
	_, err = f.games.Membership(t.Context(), g.ID, ada)
	require.ErrorIs(t, err, ErrNotMember)
}

func TestTheDatabaseItselfKeepsAGameFromHavingTooManyMembers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.opened(root, func(n *NewGame) { n.MaxPlayers = 2 })
	f.enrollAll(g, f.addUsers(2)...)
	late := f.addUser()
	name, err := racename.Parse("Zorg")
	require.NoError(t, err)
	err = f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		locked, err := f.games.LockGame(ctx, tx, g.ID)
		require.NoError(t, err)
		_, err = f.s.Enroll(ctx, tx, &locked, late, name)
		return err
	})
	require.ErrorContains(t, err, "games_capacity")
	require.Equal(t, 2, f.game(g.ID).SeatsTaken)
}

func TestBeforeTheStartLeavingFreesTheSeat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	g := f.opened(by(p[0]))
	f.enrollAll(g, p...)
	for range 2 { // a repeat answers as the first
		require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
		m, err := f.s.Remove(t.Context(), by(p[0]), g.ID, p[2])
		require.NoError(t, err)
		require.Equal(t, []string{Removed, ReasonRemoved}, []string{m.Status, m.Reason})
		m, err = f.s.Block(t.Context(), by(p[0]), g.ID, p[3])
		require.NoError(t, err)
		require.Equal(t, []string{Blocked, ReasonBanned}, []string{m.Status, m.Reason})
		require.Equal(t, m, f.membership(g, p[3]))
	}
	require.Equal(t, 1, f.game(g.ID).SeatsTaken)
	require.Equal(t, 1, f.intents.CountTo(p[2], notification.KindMembershipRemoved))
	require.Equal(t, 1, f.intents.CountTo(p[3], notification.KindMembershipBlocked))
	require.Len(t, f.intents.Intents(), 2, "whoever leaves is told nothing")
	for _, u := range p[1:] {
		require.Empty(t, f.namesOf(u))
		require.NotNil(t, f.membership(g, u).EndedAt)
	}
	require.Empty(t, f.observer.events(), "there is no race to banish")
}

func TestWhoMayEndAMembership(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g := f.opened(by(p[0]))
	f.enrollAll(g, p[0], p[1])
	before := f.fingerprint()
	for name, c := range map[string]struct {
		by     Actor
		member uuid.UUID
		want   error
	}{
		"a member":                 {by(p[1]), p[0], ErrNotOwner},
		"a stranger":               {by(p[2]), p[0], ErrNotFound},
		"of somebody who never is": {by(p[0]), p[2], ErrNotFound},
		"of nobody":                {root, uuid.New(), ErrNotFound},
	} {
		for _, end := range []func(context.Context, Actor, uuid.UUID, uuid.UUID) (Membership, error){
			f.s.Remove, f.s.Block,
		} {
			_, err := end(t.Context(), c.by, g.ID, c.member)
			require.ErrorIs(t, err, c.want, name)
		}
		require.ErrorIs(t, f.s.Unban(t.Context(), c.by, g.ID, c.member), c.want, name)
	}
	require.ErrorIs(t, f.s.Leave(t.Context(), p[2], g.ID), ErrNotFound)
	require.ErrorIs(t, f.s.Leave(t.Context(), p[2], unknownGame), ErrNotFound)
	require.Equal(t, before, f.fingerprint())
}

func TestNobodyLeavesAGameThatIsOver(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	cancelled := f.opened(root)
	f.enrollAll(cancelled, p...)
	f.move(root, cancelled.ID, Cancel)
	finished, races := f.running(root, p...)
	f.finish(finished, races...)
	for _, g := range []Game{cancelled, finished} {
		require.ErrorIs(t, f.s.Leave(t.Context(), p[0], g.ID), ErrState)
		_, err := f.s.Remove(t.Context(), root, g.ID, p[0])
		require.ErrorIs(t, err, ErrState)
		_, err = f.s.Block(t.Context(), root, g.ID, p[0])
		require.ErrorIs(t, err, ErrState)
		require.Equal(t, Active, f.membership(g, p[0]).Status)
	}
}

func TestABannedMemberCanNeitherLeaveNorBeRemoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	g := f.opened(root)
	f.enrollAll(g, ada)
	_, err := f.s.Block(t.Context(), root, g.ID, ada)
	require.NoError(t, err)
	require.ErrorIs(t, f.s.Leave(t.Context(), ada, g.ID), ErrMembershipEnded)
	_, err = f.s.Remove(t.Context(), root, g.ID, ada)
	require.ErrorIs(t, err, ErrMembershipEnded)
	require.Equal(t, Blocked, fault.From(err).Details["status"])
}

func TestAnUnbannedUserMayJoinAgainBeforeTheLaunch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	g := f.opened(root)
	f.enroll(g, ada, "Zorg")
	require.ErrorIs(t, f.s.Unban(t.Context(), root, g.ID, ada), ErrMembershipEnded, "they are not banned")
	_, err := f.s.Block(t.Context(), root, g.ID, ada)
	require.NoError(t, err)
	require.NoError(t, f.s.Unban(t.Context(), root, g.ID, ada))
	_, err = f.games.Membership(t.Context(), g.ID, ada)
	require.ErrorIs(t, err, ErrNotMember)
	f.enroll(g, ada, "Zorg")
	require.Equal(t, 1, f.game(g.ID).SeatsTaken)
	require.Equal(t, []string{"game.create", "game.open", "membership.blocked", "membership.unban"}, f.auditor.Actions())
}

func TestInARunningGameTheRaceStays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, races := f.running(by(p[0]), p...)
	require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
	left := f.membership(g, p[1])
	require.Equal(t, []any{Removed, races[1], true}, []any{left.Status, left.RaceName, left.Free()})
	require.Empty(t, f.namesOf(p[1]))
	require.Empty(t, f.observer.blocked())
	_, err := f.s.Block(t.Context(), by(p[0]), g.ID, p[2])
	require.NoError(t, err)
	require.Equal(t, []BlockedRace{{RaceName: races[2], Cause: CauseBlocked}}, f.observer.blocked())
	require.False(t, f.membership(g, p[2]).Free())
	_, err = f.s.Block(t.Context(), by(p[0]), g.ID, p[1]) // whoever left can still be banned, with the race
	require.NoError(t, err)
	require.Len(t, f.observer.blocked(), 2)
	require.Equal(t, 1, f.game(g.ID).SeatsTaken)
}

func TestWhoeverLeavesARunningGameIsHeardOfOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, _ := f.running(by(p[0]), p...)
	for range 2 {
		require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
		_, err := f.s.Block(t.Context(), by(p[0]), g.ID, p[2])
		require.NoError(t, err)
	}
	require.Equal(t, []Event{EventStarted, EventSeatLeft, EventRaceBlocked}, f.observer.events())
}

func TestAnUnbannedMemberOfARunningGameStaysOut(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	g, _ := f.running(by(p[0]), p...)
	_, err := f.s.Block(t.Context(), by(p[0]), g.ID, p[1])
	require.NoError(t, err)
	ended := f.membership(g, p[1]).EndedAt
	require.NoError(t, f.s.Unban(t.Context(), root, g.ID, p[1]))
	m := f.membership(g, p[1])
	require.Equal(t, []any{Removed, ReasonBanned, ended}, []any{m.Status, m.Reason, m.EndedAt})
	require.Equal(t, CauseBlocked, m.BanishCause(), "the race is gone all the same")
	require.False(t, m.Free())
}

func TestEveryBanIsToldUnderAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.opened(by(ada))
	keys := map[string]bool{}
	for range 2 {
		f.enroll(g, bob, "Zorg")
		_, err := f.s.Block(t.Context(), by(ada), g.ID, bob)
		require.NoError(t, err)
		require.NoError(t, f.s.Unban(t.Context(), root, g.ID, bob))
	}
	for _, in := range f.intents.Intents(notification.KindMembershipBlocked) {
		keys[in.Key] = true
	}
	require.Len(t, keys, 2, "or the second one is taken for a repeat")
}

func TestBanningAFormerMemberSparesTheRaceThatHasTheNameNow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	owner, former, holder := p[0], p[1], p[2]
	g := f.opened(by(owner), func(n *NewGame) { n.MinPlayers = 1 })
	f.enroll(g, former, "Zorg")
	require.NoError(t, f.s.Leave(t.Context(), former, g.ID))
	f.enroll(g, holder, "Zorg")
	f.move(by(owner), g.ID, Close, Start)
	f.observe(g.ID, runtime.Running, withStatus("Zorg"))
	require.False(t, f.membership(g, former).Free(), "it was given up before its race existed")
	_, err := f.s.Block(t.Context(), by(owner), g.ID, former)
	require.ErrorIs(t, err, ErrMembershipEnded)
	require.Empty(t, f.observer.blocked())
	require.Equal(t, Active, f.membership(g, holder).Status)
}

func TestASuccessorTakesTheRaceOverUnderItsLabel(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, races := f.running(root, p[:2]...)
	require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
	require.Equal(t, 1, f.game(g.ID).SeatsTaken)
	m := f.replace(g, p[1], p[2])
	require.Equal(t, []any{races[1], Active, true, true}, []any{m.RaceName, m.Status, m.Founding, m.Successor})
	require.Equal(t, m, f.membership(g, p[2]))
	require.Equal(t, []string{Removed, ReasonReplaced},
		[]string{f.membership(g, p[1]).Status, f.membership(g, p[1]).Reason})
	require.Equal(t, 2, f.game(g.ID).SeatsTaken)
	require.Empty(t, f.namesOf(p[2]), "a successor claims no name")
	require.Equal(t, m, *f.observer.of(EventSeatTaken)[0].Taken)
	require.False(t, f.membership(g, p[1]).Free(), "nobody sits there twice")
}

func TestAMemberWhoStayedAwayIsReplacedWhileActive(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, races := f.running(root, p[:2]...)
	mark := func(vacant bool) Membership {
		f.inTx(func(ctx context.Context, tx *pg.Tx) error {
			_, err := f.games.LockGame(ctx, tx, g.ID)
			f.games.SetVacant(tx, g.ID, races[1], vacant)
			return err
		})
		return f.membership(g, p[1])
	}
	require.True(t, mark(true).Free())
	f.offer(g, p[1])
	back := mark(false) // orders came in
	require.False(t, back.Free())
	require.Nil(t, back.OfferedAt, "the seat is not on offer any more")
	mark(true)
	f.replace(g, p[1], p[2])
	require.Equal(t, 2, f.game(g.ID).SeatsTaken, "one seat, one member")
	require.Empty(t, f.namesOf(p[1]), "the name goes with its member")
	m := f.membership(g, p[1])
	require.Equal(t, []any{Removed, ReasonReplaced, false}, []any{m.Status, m.Reason, m.Vacant})
}

func TestAReplacementThatAnObserverRefusesIsRolledBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g, _ := f.running(root, p[:2]...)
	require.NoError(t, f.s.Leave(t.Context(), p[1], g.ID))
	old, before := f.membership(g, p[1]), f.fingerprint()
	f.observer.failWith(errBroken)
	err := f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		locked, err := f.games.LockGame(ctx, tx, g.ID)
		require.NoError(t, err)
		_, err = f.s.ReplaceMember(ctx, tx, &locked, old, p[2])
		return err
	})
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, before, f.fingerprint())
}
