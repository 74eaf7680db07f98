package lobby

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/user"
)

func TestAPublicGameTakesWhoeverComesWhileThereIsRoom(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g := f.opened(root, func(n *game.NewGame) { n.MaxPlayers = 2 })
	for _, u := range p[:2] {
		a, err := f.apply(g, u, raceOf(u))
		require.NoError(t, err)
		require.Equal(t, approved, a.State)
	}
	_, err := f.apply(g, p[2], raceOf(p[2]))
	require.ErrorIs(t, err, ErrGameFull)
	require.Equal(t, 2, f.game(g.ID).SeatsTaken)
	seat, err := f.cache.Membership(t.Context(), g.ID, p[0])
	require.NoError(t, err)
	require.Equal(t, game.Active, seat.Status)
	_, err = f.cache.Membership(t.Context(), g.ID, p[2])
	require.ErrorIs(t, err, game.ErrNotMember)
}

func TestWhyAnApplicationIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(9)
	ada, member, left, banned, invited, applied, eve := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	g := f.opened(by(ada), byApplying, func(n *game.NewGame) { n.MaxPlayers = 3 })
	f.enrollAll(g, member, left, banned)
	require.NoError(t, f.games.Leave(t.Context(), left, g.ID))
	_, err := f.games.Block(t.Context(), by(ada), g.ID, banned)
	require.NoError(t, err)
	_, _, err = f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: invited}, "")
	require.NoError(t, err)
	_, err = f.apply(g, applied, "Zorg")
	require.NoError(t, err)
	byInvite, closed := f.opened(by(ada)), f.opened(root)
	f.enrollAll(closed, p[7], p[8])
	f.move(root, closed.ID, game.Close)
	started, _ := f.running(root, f.addUser(), f.addUser())
	full := f.opened(root, func(n *game.NewGame) { n.MaxPlayers = 2 })
	f.enrollAll(full, f.addUser(), f.addUser())
	for name, c := range map[string]struct {
		game game.Game
		who  uuid.UUID
		want error
	}{
		"twice with another race": {g, applied, ErrAlreadyApplied}, "own": {g, ada, ErrOwnGame}, "member": {g, member, ErrAlreadyMember},
		"left": {g, left, ErrMemberRemoved}, "banned": {g, banned, ErrMemberBlocked}, "invited": {g, invited, ErrAlreadyInvited},
		"closed": {closed, eve, ErrEnrollmentClosed}, "started": {started, eve, ErrGameStarted}, "full": {full, eve, ErrGameFull},
		"a stranger's": {byInvite, eve, game.ErrNotFound}, "no such game": {game.Game{ID: uuid.New()}, eve, game.ErrNotFound},
	} {
		before := f.fingerprint()
		_, err := f.apply(c.game, c.who, "Vogon")
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, before, f.fingerprint(), name)
	}
	_, err = f.apply(g, eve, "Z\u200borg")
	require.ErrorIs(t, err, racename.ErrInvalid)
	f.users.Sanction(eve, user.GameJoinBlock, "spam", nil)
	_, err = f.apply(g, eve, "Vogon")
	require.ErrorIs(t, err, ErrJoinBlocked)
}

func TestTheSameApplicationAnswersAsTheFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	f.users.SetLimit(bob, user.PendingApplications, 1, nil)
	g, auto := f.opened(by(ada), byApplying), f.opened(root)
	for _, gameID := range []game.Game{g, auto} {
		for _, key := range []string{"", "key-" + gameID.ID.String()} {
			who := bob
			if key != "" {
				who = f.addUser()
			}
			wish := Application{GameID: gameID.ID, UserID: who, RaceName: raceOf(who), Message: "please"}
			first, made, err := f.s.Apply(t.Context(), wish, key)
			require.NoError(t, err)
			require.True(t, made)
			again, made, err := f.s.Apply(t.Context(), wish, key)
			require.NoError(t, err)
			require.False(t, made)
			require.Equal(t, first.ID, again.ID)
			require.Equal(t, 1, f.count(`SELECT count(*) FROM applications WHERE user_id = $1 AND game_id = $2`, who, gameID.ID))
			if key != "" {
				wish.Message = "now!"
				_, _, err = f.s.Apply(t.Context(), wish, key)
				require.ErrorIs(t, err, game.ErrReplay)
			}
		}
	}
	_, err := f.apply(f.opened(by(ada), byApplying), bob, "Other")
	require.ErrorIs(t, err, ErrApplicationLimit)
}

func TestAnOwnerDecidesApplications(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(4)
	ada, bob, eve := p[0], p[1], p[2]
	g := f.opened(by(ada), byApplying)
	a, err := f.apply(g, bob, "Zorg")
	require.NoError(t, err)
	require.Equal(t, 1, f.intents.CountTo(ada, notification.KindApplicationSubmitted))
	_, err = f.s.Approve(t.Context(), by(eve), a.ID)
	require.ErrorIs(t, err, game.ErrNotFound)
	for range 2 { // approved again, it answers as it did
		a, err = f.s.Approve(t.Context(), by(ada), a.ID)
		require.NoError(t, err)
		require.Equal(t, approved, a.State)
	}
	require.Equal(t, 1, f.intents.CountTo(bob, notification.KindApplicationApproved))
	require.Equal(t, 1, f.game(g.ID).SeatsTaken)
	_, err = f.s.Reject(t.Context(), by(ada), a.ID, "")
	require.ErrorIs(t, err, ErrApplicationEnded)

	b, err := f.apply(g, eve, "Vogon")
	require.NoError(t, err)
	for range 2 {
		b, err = f.s.Reject(t.Context(), by(ada), b.ID, "no")
		require.NoError(t, err)
		require.Equal(t, []string{rejected, "no"}, []string{b.State, b.Reason})
	}
	require.Equal(t, 1, f.intents.CountTo(eve, notification.KindApplicationRejected))
	c, err := f.apply(g, eve, "Vogon") // a rejected one may try again
	require.NoError(t, err)
	_, err = f.s.Withdraw(t.Context(), bob, c.ID)
	require.ErrorIs(t, err, game.ErrNotFound)
	for range 2 {
		c, err = f.s.Withdraw(t.Context(), eve, c.ID)
		require.NoError(t, err)
		require.Equal(t, withdrawn, c.State)
	}
	_, err = f.s.Approve(t.Context(), by(ada), c.ID)
	require.ErrorIs(t, err, ErrApplicationEnded)
}

func TestAnApprovalNeedsTheNameToBeFree(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	g := f.opened(by(ada), byApplying)
	a, err := f.apply(g, bob, "Zorg")
	require.NoError(t, err)
	f.enroll(f.opened(root), ada, "zorg")
	before := f.fingerprint()
	_, err = f.s.Approve(t.Context(), by(ada), a.ID)
	require.ErrorIs(t, err, racename.ErrTaken)
	require.Equal(t, before, f.fingerprint())
}

func TestLeavingEnrollmentSettlesWhatIsOpen(t *testing.T) {
	t.Parallel()
	for verb, reason := range map[game.Verb]string{game.Close: "enrollment_closed", game.ForceStart: "game_started", game.Cancel: "game_cancelled"} {
		f := newFixture(t)
		p := f.addUsers(5)
		g := f.opened(by(p[0]), byApplying)
		f.enrollAll(g, p[1], p[2])
		a, err := f.apply(g, p[3], "Zorg")
		require.NoError(t, err)
		i, _, err := f.s.Invite(t.Context(), p[0], Invitation{Game: g.ID, UserID: p[4]}, "")
		require.NoError(t, err)
		f.move(root, g.ID, verb)
		a, err = f.s.store.application(t.Context(), f.db, a.ID)
		require.NoError(t, err)
		i, err = f.s.store.invite(t.Context(), f.db, i.ID)
		require.NoError(t, err)
		require.Equal(t, []string{rejected, reason, revoked}, []string{a.State, a.Reason, i.State})
		require.Equal(t, 1, f.intents.CountTo(p[3], notification.KindApplicationRejected))
		require.Equal(t, 1, f.intents.CountTo(p[4], notification.KindInviteRevoked))
	}
}

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
	p := f.addUsers(6)
	ada, member, left, banned, eve := p[0], p[1], p[2], p[3], p[4]
	g, early := f.opened(by(ada)), f.draft(by(ada))
	f.enrollAll(g, member, left, banned)
	require.NoError(t, f.games.Leave(t.Context(), left, g.ID))
	_, err := f.games.Block(t.Context(), by(ada), g.ID, banned)
	require.NoError(t, err)
	f.users.Delete(p[5])
	soon, late := noon.Add(time.Second), noon.Add(91*24*time.Hour)
	for name, c := range map[string]struct {
		from uuid.UUID
		in   Invitation
		want error
	}{
		"oneself": {ada, Invitation{Game: g.ID, UserID: ada}, ErrOwnGame}, "member": {ada, Invitation{Game: g.ID, UserID: member}, ErrAlreadyMember},
		"left": {ada, Invitation{Game: g.ID, UserID: left}, ErrMemberRemoved}, "banned": {ada, Invitation{Game: g.ID, UserID: banned}, ErrMemberBlocked},
		"draft": {ada, Invitation{Game: early.ID, UserID: eve}, ErrEnrollmentClosed}, "unknown": {ada, Invitation{Game: g.ID, UserID: uuid.New()}, game.ErrNotFound},
		"unknown name": {ada, Invitation{Game: g.ID, UserName: "nobody"}, game.ErrNotFound}, "deleted": {ada, Invitation{Game: g.ID, UserID: p[5]}, game.ErrNotFound},
		"by a member": {member, Invitation{Game: g.ID, UserID: eve}, game.ErrNotOwner}, "by a stranger": {eve, Invitation{Game: g.ID, UserID: p[5]}, game.ErrNotFound},
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
	i, err := f.s.store.invite(t.Context(), f.db, ids[3])
	require.NoError(t, err)
	require.Equal(t, expired, i.State)
	_, _, err = f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: p[4]}, "") // may be sent again
	require.NoError(t, err)
}

func TestNeverMoreMembersThanSeats(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const seats = 4
	users := f.addUsers(20)
	ada := f.addUser()
	for name, prepare := range map[string]func(g game.Game, u uuid.UUID) func() error{
		"redeem": func(g game.Game, u uuid.UUID) func() error {
			i, _, err := f.s.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: u}, "")
			require.NoError(t, err)
			return func() error { _, _, err := f.s.Redeem(t.Context(), u, i.ID, raceOf(u)); return err }
		},
		"approve": func(g game.Game, u uuid.UUID) func() error {
			a, err := f.apply(g, u, raceOf(u))
			require.NoError(t, err)
			return func() error { _, err := f.s.Approve(t.Context(), by(ada), a.ID); return err }
		},
	} {
		g := f.opened(by(ada), byApplying, func(n *game.NewGame) { n.MaxPlayers = seats })
		var attempts []func() error
		for _, u := range users {
			attempts = append(attempts, prepare(g, u))
		}
		won, lost := atOnce(attempts, func(fn func() error) error { return fn() })
		require.Equal(t, seats, won, name)
		for _, err := range lost {
			require.True(t, errors.Is(err, ErrGameFull), "%s: %v", name, err)
		}
		require.Equal(t, seats, f.game(g.ID).SeatsTaken)
		require.Equal(t, seats, f.count(`SELECT count(*) FROM memberships WHERE game_id = $1 AND status = 'active'`, g.ID))
		require.Equal(t, seats, f.count(`SELECT count(*) FROM race_names WHERE game_id = $1`, g.ID))
		open := f.count(`SELECT (SELECT count(*) FROM applications WHERE game_id = $1 AND state = 'pending')
			+ (SELECT count(*) FROM invites WHERE game_id = $1 AND state = 'pending')`, g.ID)
		require.Equal(t, len(users)-seats, open, "losers keep what they have")
	}
}

func TestALimitHoldsAgainstManyGamesAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.addUser()
	f.users.SetLimit(ada, user.ActiveMemberships, 3, nil)
	var games []game.Game
	for range 12 {
		games = append(games, f.opened(root))
	}
	won, lost := atOnce(games, func(g game.Game) error { _, err := f.apply(g, ada, "Zorg"); return err })
	require.Equal(t, 3, won)
	for _, err := range lost {
		require.ErrorIs(t, err, ErrMembershipLimit)
	}
	require.Equal(t, 1, f.count(`SELECT count(DISTINCT canonical_key) FROM race_names`)) // one name, held in three games
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
		won, _ := atOnce([]func() error{
			func() error { _, _, err := f.s.Redeem(t.Context(), bob, i.ID, raceOf(bob)); return err },
			func() error { _, err := f.s.Revoke(t.Context(), by(ada), i.ID); return err },
		}, func(fn func() error) error { return fn() })
		require.Equal(t, 1, won)
		i, err = f.s.store.invite(t.Context(), f.db, i.ID)
		require.NoError(t, err)
		require.Equal(t, i.State == redeemed, f.game(g.ID).SeatsTaken == 1)
		f.move(by(ada), g.ID, game.Cancel)
	}
}
