package lobby

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/testkit"
)

func TestAnInviteReachesAUserByIDOrName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	ada, bob, eve := p[0], p[1], p[2]
	g := f.opened(by(ada))
	i, made, err := f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob}, "")
	require.NoError(t, err)
	require.True(t, made)
	require.Equal(t, noon.Add(168*time.Hour), i.ExpiresAt)
	require.Equal(t, 1, f.intents.CountTo(bob, notification.KindInviteReceived))
	require.Equal(t, i.ExpiresAt, f.intents.Intents()[0].Payload.(notification.InviteReceived).ExpiresAt)
	again, made, err := f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob}, "")
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, i.ID, again.ID)
	require.Equal(t, 1, f.intents.CountTo(bob, notification.KindInviteReceived))
	_, _, err = f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob, Message: "come on"}, "")
	require.ErrorIs(t, err, ErrAlreadyInvited)
	j, _, err := f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserName: f.userName(eve)}, "key-1")
	require.NoError(t, err)
	require.Equal(t, eve, j.UserID)
	_, _, err = f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: eve}, "key-1")
	require.ErrorIs(t, err, game.ErrReplay)
}

func TestWhyAnInviteIsNotSent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(7)
	ada, member, left, banned, eve, deleted, blocked := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	g, early := f.opened(by(ada)), f.draft(by(ada))
	f.enrollAll(g, member, left, banned)
	require.NoError(t, f.games.Leave(t.Context(), left, g.ID))
	_, err := f.games.Block(t.Context(), by(ada), g.ID, banned)
	require.NoError(t, err)
	f.users.Delete(deleted)
	f.users.Sanction(blocked, user.PermanentBlock, "spam", nil)
	soon, late := noon.Add(time.Second), noon.Add(91*24*time.Hour)
	for name, c := range map[string]struct {
		from uuid.UUID
		in   Invitation
		want error
	}{
		"oneself":       {ada, Invitation{Game: g.ID, UserID: ada}, ErrOwnGame},
		"member":        {ada, Invitation{Game: g.ID, UserID: member}, ErrAlreadyMember},
		"left":          {ada, Invitation{Game: g.ID, UserID: left}, ErrMemberRemoved},
		"banned":        {ada, Invitation{Game: g.ID, UserID: banned}, ErrMemberBlocked},
		"draft":         {ada, Invitation{Game: early.ID, UserID: eve}, ErrEnrollmentClosed},
		"unknown":       {ada, Invitation{Game: g.ID, UserID: uuid.New()}, game.ErrNotFound},
		"unknown name":  {ada, Invitation{Game: g.ID, UserName: "nobody"}, game.ErrNotFound},
		"deleted":       {ada, Invitation{Game: g.ID, UserID: deleted}, game.ErrNotFound},
		"blocked":       {ada, Invitation{Game: g.ID, UserID: blocked}, game.ErrNotFound},
		"by a member":   {member, Invitation{Game: g.ID, UserID: eve}, game.ErrNotOwner},
		"by a stranger": {eve, Invitation{Game: g.ID, UserID: p[5]}, game.ErrNotFound},
		"too soon over": {ada, Invitation{Game: g.ID, UserID: eve, ExpiresAt: &soon}, ErrInviteExpiry},
		"too late over": {ada, Invitation{Game: g.ID, UserID: eve, ExpiresAt: &late}, ErrInviteExpiry},
	} {
		before := f.fingerprint()
		_, _, err := f.s.Invite(t.Context(), c.from, c.in, "")
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, before, f.fingerprint(), name)
	}
	f.exec(`UPDATE invite_counts SET made = 500 WHERE game_id = $1`, g.ID)
	_, _, err = f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: eve}, "")
	require.ErrorIs(t, err, ErrQuota)
}

func TestAnInviteIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	ada, bob, eve := p[0], p[1], p[2]
	g := f.opened(by(ada))
	i, _, err := f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob}, "")
	require.NoError(t, err)
	_, _, err = f.s.Redeem(t.Context(), eve, i.ID, "Zorg")
	require.ErrorIs(t, err, game.ErrNotFound)
	for made := true; ; made = false {
		seat, now, err := f.s.Redeem(t.Context(), bob, i.ID, "Zorg")
		require.NoError(t, err)
		require.Equal(t, made, now)
		require.Equal(t, "Zorg", seat.RaceName)
		if !made {
			break
		}
	}
	_, _, err = f.s.Redeem(t.Context(), bob, i.ID, "Vogon")
	require.ErrorIs(t, err, ErrAlreadyMember)
	_, err = f.s.Revoke(t.Context(), by(ada), i.ID)
	require.ErrorIs(t, err, ErrInviteEnded)
}

func TestAnInviteEndsInOtherWays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(5)
	ada := p[0]
	g := f.opened(by(ada))
	var ids []uuid.UUID
	for _, u := range p[1:] {
		i, _, err := f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: u}, "")
		require.NoError(t, err)
		ids = append(ids, i.ID)
	}
	for range 2 {
		i, err := f.s.Decline(t.Context(), p[1], ids[0], "no time")
		require.NoError(t, err)
		require.Equal(t, []string{declined, "no time"}, []string{i.State, i.Reason})
		i, err = f.s.Revoke(t.Context(), by(ada), ids[1])
		require.NoError(t, err)
		require.Equal(t, revoked, i.State)
	}
	_, err := f.s.Revoke(t.Context(), by(p[3]), ids[2])
	require.ErrorIs(t, err, game.ErrNotFound)
	_, err = f.s.Decline(t.Context(), p[1], ids[2], "")
	require.ErrorIs(t, err, game.ErrNotFound)
	for n, u := range p[1:3] {
		_, _, err := f.s.Redeem(t.Context(), u, ids[n], "Zorg")
		require.ErrorIs(t, err, ErrInviteEnded)
	}
	f.clock.Advance(168 * time.Hour) // to the instant; nobody has swept yet
	_, _, err = f.s.Redeem(t.Context(), p[3], ids[2], "Zorg")
	require.ErrorIs(t, err, ErrInviteExpired)
	f.sweep()
	_, _, err = f.s.Redeem(t.Context(), p[4], ids[3], "Zorg")
	require.ErrorIs(t, err, ErrInviteExpired)
	require.Equal(t, expired, f.inviteRow(ids[3]).State)
	_, _, err = f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: p[4]}, "") // may be sent again
	require.NoError(t, err)
}

func TestAnInviteWhoseTimeIsOverMakesRoomForTheNextSweptOrNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.opened(by(ada))
	asked := Invitation{Game: g.ID, UserID: bob}
	first, _, err := f.s.Invite(t.Context(), ada, asked, "")
	require.NoError(t, err)
	f.clock.Advance(168 * time.Hour)
	second, made, err := f.s.Invite(t.Context(), ada, asked, "")
	require.NoError(t, err)
	require.True(t, made)
	_, _, err = f.s.Redeem(t.Context(), bob, first.ID, "Zorg")
	require.ErrorIs(t, err, ErrInviteExpired)
	_, _, err = f.s.Redeem(t.Context(), bob, second.ID, "Zorg")
	require.NoError(t, err)
}

func TestRevokingAndRedeemingAtOnceHaveOneWinner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	for range 10 {
		bob := f.addUser()
		g := f.opened(by(ada))
		i, _, err := f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob}, "")
		require.NoError(t, err)
		won, _ := testkit.AtOnce([]func() error{
			func() error { _, _, err := f.s.Redeem(t.Context(), bob, i.ID, raceOf(bob)); return err },
			func() error { _, err := f.s.Revoke(t.Context(), by(ada), i.ID); return err },
		}, func(fn func() error) error { return fn() })
		require.Equal(t, 1, won)
		i = f.inviteRow(i.ID)
		require.Equal(t, i.State == redeemed, f.game(g.ID).SeatsTaken == 1)
		f.move(by(ada), g.ID, game.Cancel)
	}
}
