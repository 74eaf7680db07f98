package lobby

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/racename"
	"galaxy/backend/modules/user"
)

func (l *lounge) apply(g game.Game, who uuid.UUID, race string) (Application, error) {
	a, _, err := l.Apply(l.Context(), Application{GameID: g.ID, UserID: who, RaceName: race}, "")
	return a, err
}

func application(n *game.NewGame) { n.JoinPolicy = game.PolicyApplication }

func TestAPublicGameTakesWhoeverComesWhileThereIsRoom(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(3)
	g := l.opened(root, func(n *game.NewGame) { n.MaxPlayers = 2 })
	for _, u := range p[:2] {
		a, err := l.apply(g, u, raceOf(u))
		require.NoError(t, err)
		require.Equal(t, approved, a.State)
	}
	_, err := l.apply(g, p[2], raceOf(p[2]))
	refused(t, err, ErrGameFull)
	require.Equal(t, 2, l.game(g.ID).SeatsTaken)
	seat, err := l.Seat(t.Context(), g.ID, p[0])
	require.NoError(t, err)
	require.Equal(t, game.Active, seat.Status)
	_, err = l.Seat(t.Context(), g.ID, p[2])
	refused(t, err, game.ErrNotMember)
}

func TestWhyAnApplicationIsRefused(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(9)
	ada, member, left, banned, invited, applied, eve := p[0], p[1], p[2], p[3], p[4], p[5], p[6]
	g := l.opened(by(ada), application, func(n *game.NewGame) { n.MaxPlayers = 3 })
	l.seated(g, member, left, banned)
	require.NoError(t, l.Leave(t.Context(), left, g.ID))
	_, err := l.Block(t.Context(), by(ada), g.ID, banned)
	require.NoError(t, err)
	_, _, err = l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: invited}, "")
	require.NoError(t, err)
	_, err = l.apply(g, applied, "Zorg")
	require.NoError(t, err)
	byInvite, closed := l.opened(by(ada)), l.opened(root)
	l.seated(closed, p[7], p[8])
	l.step(root, closed.ID, game.Close)
	started, _ := l.running(root, l.person(), l.person())
	full := l.opened(root, func(n *game.NewGame) { n.MaxPlayers = 2 })
	l.seated(full, l.person(), l.person())
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
		before := l.fingerprint()
		_, err := l.apply(c.game, c.who, "Vogon")
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, before, l.fingerprint(), name)
	}
	_, err = l.apply(g, eve, "Z\u200borg")
	refused(t, err, racename.ErrInvalid)
	l.people.set(eve, func(s *user.Snapshot) { s.Sanctions = []user.ActiveSanction{{Kind: user.GameJoinBlock}} })
	_, err = l.apply(g, eve, "Vogon")
	refused(t, err, ErrJoinBlocked)
}

func TestTheSameApplicationAnswersAsTheFirst(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob := l.person(), l.person()
	l.people.set(bob, func(s *user.Snapshot) { s.Limits.PendingApplications = 1 })
	g, auto := l.opened(by(ada), application), l.opened(root)
	for _, gameID := range []game.Game{g, auto} {
		for _, key := range []string{"", "key-" + gameID.ID.String()} {
			who := bob
			if key != "" {
				who = l.person()
			}
			wish := Application{GameID: gameID.ID, UserID: who, RaceName: raceOf(who), Message: "please"}
			first, made, err := l.Apply(t.Context(), wish, key)
			require.NoError(t, err)
			require.True(t, made)
			again, made, err := l.Apply(t.Context(), wish, key)
			require.NoError(t, err)
			require.False(t, made)
			require.Equal(t, first.ID, again.ID)
			require.Equal(t, 1, l.one(`SELECT count(*) FROM applications WHERE user_id = $1 AND game_id = $2`, who, gameID.ID))
			if key != "" {
				wish.Message = "now!"
				_, _, err = l.Apply(t.Context(), wish, key)
				refused(t, err, game.ErrReplay)
			}
		}
	}
	_, err := l.apply(l.opened(by(ada), application), bob, "Other")
	refused(t, err, ErrApplicationLimit)
}

func TestAnOwnerDecidesApplications(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(4)
	ada, bob, eve := p[0], p[1], p[2]
	g := l.opened(by(ada), application)
	a, err := l.apply(g, bob, "Zorg")
	require.NoError(t, err)
	require.Equal(t, 1, l.log.CountTo(ada, notification.KindApplicationSubmitted))
	_, err = l.Approve(t.Context(), by(eve), a.ID)
	refused(t, err, game.ErrNotFound)
	for range 2 { // approved again, it answers as it did
		a, err = l.Approve(t.Context(), by(ada), a.ID)
		require.NoError(t, err)
		require.Equal(t, approved, a.State)
	}
	require.Equal(t, 1, l.log.CountTo(bob, notification.KindApplicationApproved))
	require.Equal(t, 1, l.game(g.ID).SeatsTaken)
	_, err = l.Reject(t.Context(), by(ada), a.ID, "")
	refused(t, err, ErrApplicationEnded)

	b, err := l.apply(g, eve, "Vogon")
	require.NoError(t, err)
	for range 2 {
		b, err = l.Reject(t.Context(), by(ada), b.ID, "no")
		require.NoError(t, err)
		require.Equal(t, []string{rejected, "no"}, []string{b.State, b.Reason})
	}
	require.Equal(t, 1, l.log.CountTo(eve, notification.KindApplicationRejected))
	c, err := l.apply(g, eve, "Vogon") // a rejected one may try again
	require.NoError(t, err)
	_, err = l.Withdraw(t.Context(), bob, c.ID)
	refused(t, err, game.ErrNotFound)
	for range 2 {
		c, err = l.Withdraw(t.Context(), eve, c.ID)
		require.NoError(t, err)
		require.Equal(t, withdrawn, c.State)
	}
	_, err = l.Approve(t.Context(), by(ada), c.ID)
	refused(t, err, ErrApplicationEnded)
}

func TestAnApprovalNeedsTheNameToBeFree(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob := l.person(), l.person()
	g := l.opened(by(ada), application)
	a, err := l.apply(g, bob, "Zorg")
	require.NoError(t, err)
	l.sit(l.opened(root), ada, "zorg")
	before := l.fingerprint()
	_, err = l.Approve(t.Context(), by(ada), a.ID)
	refused(t, err, racename.ErrTaken)
	require.Equal(t, before, l.fingerprint())
}

func TestLeavingEnrollmentSettlesWhatIsOpen(t *testing.T) {
	t.Parallel()
	for verb, reason := range map[game.Verb]string{game.Close: "enrollment_closed", game.ForceStart: "game_started", game.Cancel: "game_cancelled"} {
		l := open(t)
		p := l.persons(5)
		g := l.opened(by(p[0]), application)
		l.seated(g, p[1], p[2])
		a, err := l.apply(g, p[3], "Zorg")
		require.NoError(t, err)
		i, _, err := l.Invite(t.Context(), p[0], Invitation{Game: g.ID, UserID: p[4]}, "")
		require.NoError(t, err)
		l.step(root, g.ID, verb)
		a, err = l.store.application(t.Context(), l.db, a.ID)
		require.NoError(t, err)
		i, err = l.store.invite(t.Context(), l.db, i.ID)
		require.NoError(t, err)
		require.Equal(t, []string{rejected, reason, revoked}, []string{a.State, a.Reason, i.State})
		require.Equal(t, 1, l.log.CountTo(p[3], notification.KindApplicationRejected))
		require.Equal(t, 1, l.log.CountTo(p[4], notification.KindInviteRevoked))
	}
}

func TestAnInviteReachesAUserByIDOrName(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(3)
	ada, bob, eve := p[0], p[1], p[2]
	g := l.opened(by(ada))
	i, made, err := l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob}, "")
	require.NoError(t, err)
	require.True(t, made)
	require.Equal(t, noon.Add(168*time.Hour), i.ExpiresAt)
	require.Equal(t, 1, l.log.CountTo(bob, notification.KindInviteReceived))
	require.Equal(t, i.ExpiresAt, l.log.Intents()[0].Payload.(notification.InviteReceived).ExpiresAt)
	again, made, err := l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob}, "")
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, i.ID, again.ID)
	require.Equal(t, 1, l.log.CountTo(bob, notification.KindInviteReceived))
	_, _, err = l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob, Message: "come on"}, "")
	refused(t, err, ErrAlreadyInvited)
	j, _, err := l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserName: l.people.known[eve].UserName}, "key-1")
	require.NoError(t, err)
	require.Equal(t, eve, j.UserID)
	_, _, err = l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: eve}, "key-1")
	refused(t, err, game.ErrReplay)
}

func TestWhyAnInviteIsNotSent(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(6)
	ada, member, left, banned, eve := p[0], p[1], p[2], p[3], p[4]
	g, early := l.opened(by(ada)), l.draft(by(ada))
	l.seated(g, member, left, banned)
	require.NoError(t, l.Leave(t.Context(), left, g.ID))
	_, err := l.Block(t.Context(), by(ada), g.ID, banned)
	require.NoError(t, err)
	l.people.set(p[5], func(s *user.Snapshot) { s.Deleted = true })
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
		before := l.fingerprint()
		_, _, err := l.Invite(t.Context(), c.from, c.in, "")
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, before, l.fingerprint(), name)
	}
	l.exec(`UPDATE invite_counts SET made = 500 WHERE game_id = $1`, g.ID)
	_, _, err = l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: eve}, "")
	refused(t, err, ErrQuota)
}

func TestAnInviteIsRedeemedOnce(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(3)
	ada, bob, eve := p[0], p[1], p[2]
	g := l.opened(by(ada))
	i, _, err := l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob}, "")
	require.NoError(t, err)
	_, _, err = l.Redeem(t.Context(), eve, i.ID, "Zorg")
	refused(t, err, game.ErrNotFound)
	for made := true; ; made = false {
		seat, now, err := l.Redeem(t.Context(), bob, i.ID, "Zorg")
		require.NoError(t, err)
		require.Equal(t, made, now)
		require.Equal(t, "Zorg", seat.RaceName)
		if !made {
			break
		}
	}
	_, _, err = l.Redeem(t.Context(), bob, i.ID, "Vogon")
	refused(t, err, ErrAlreadyMember)
	_, err = l.Revoke(t.Context(), by(ada), i.ID)
	refused(t, err, ErrInviteEnded)
}

func TestAnInviteEndsInOtherWays(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(5)
	ada := p[0]
	g := l.opened(by(ada))
	var ids []uuid.UUID
	for _, u := range p[1:] {
		i, _, err := l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: u}, "")
		require.NoError(t, err)
		ids = append(ids, i.ID)
	}
	for range 2 {
		i, err := l.Decline(t.Context(), p[1], ids[0], "no time")
		require.NoError(t, err)
		require.Equal(t, []string{declined, "no time"}, []string{i.State, i.Reason})
		i, err = l.Revoke(t.Context(), by(ada), ids[1])
		require.NoError(t, err)
		require.Equal(t, revoked, i.State)
	}
	_, err := l.Revoke(t.Context(), by(p[3]), ids[2])
	refused(t, err, game.ErrNotFound)
	_, err = l.Decline(t.Context(), p[1], ids[2], "")
	refused(t, err, game.ErrNotFound)
	for n, u := range p[1:3] {
		_, _, err := l.Redeem(t.Context(), u, ids[n], "Zorg")
		refused(t, err, ErrInviteEnded)
	}
	l.clock.Advance(168 * time.Hour) // to the instant; nobody has swept yet
	_, _, err = l.Redeem(t.Context(), p[3], ids[2], "Zorg")
	refused(t, err, ErrInviteExpired)
	l.sweep()
	_, _, err = l.Redeem(t.Context(), p[4], ids[3], "Zorg")
	refused(t, err, ErrInviteExpired)
	i, err := l.store.invite(t.Context(), l.db, ids[3])
	require.NoError(t, err)
	require.Equal(t, expired, i.State)
	_, _, err = l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: p[4]}, "") // may be sent again
	require.NoError(t, err)
}

// race runs fn for each item at once and counts what came of it.
func race[T any](items []T, fn func(T) error) (won int, lost []error) {
	start := make(chan struct{})
	results := make(chan error, len(items))
	var wg sync.WaitGroup
	for _, item := range items {
		wg.Go(func() {
			<-start
			results <- fn(item)
		})
	}
	close(start)
	wg.Wait()
	close(results)
	for err := range results {
		if err == nil {
			won++
		} else {
			lost = append(lost, err)
		}
	}
	return won, lost
}

func TestNeverMoreMembersThanSeats(t *testing.T) {
	t.Parallel()
	l := open(t)
	const seats = 4
	users := l.persons(20)
	ada := l.person()
	for name, prepare := range map[string]func(g game.Game, u uuid.UUID) func() error{
		"redeem": func(g game.Game, u uuid.UUID) func() error {
			i, _, err := l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: u}, "")
			require.NoError(t, err)
			return func() error { _, _, err := l.Redeem(t.Context(), u, i.ID, raceOf(u)); return err }
		},
		"approve": func(g game.Game, u uuid.UUID) func() error {
			a, err := l.apply(g, u, raceOf(u))
			require.NoError(t, err)
			return func() error { _, err := l.Approve(t.Context(), by(ada), a.ID); return err }
		},
	} {
		g := l.opened(by(ada), application, func(n *game.NewGame) { n.MaxPlayers = seats })
		var attempts []func() error
		for _, u := range users {
			attempts = append(attempts, prepare(g, u))
		}
		won, lost := race(attempts, func(fn func() error) error { return fn() })
		require.Equal(t, seats, won, name)
		for _, err := range lost {
			require.True(t, errors.Is(err, ErrGameFull), "%s: %v", name, err)
		}
		require.Equal(t, seats, l.game(g.ID).SeatsTaken)
		require.Equal(t, seats, l.one(`SELECT count(*) FROM memberships WHERE game_id = $1 AND status = 'active'`, g.ID))
		require.Equal(t, seats, l.one(`SELECT count(*) FROM race_names WHERE game_id = $1`, g.ID))
		open := l.one(`SELECT (SELECT count(*) FROM applications WHERE game_id = $1 AND state = 'pending')
			+ (SELECT count(*) FROM invites WHERE game_id = $1 AND state = 'pending')`, g.ID)
		require.Equal(t, len(users)-seats, open, "losers keep what they have")
	}
}

func TestALimitHoldsAgainstManyGamesAtOnce(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	l.people.set(ada, func(s *user.Snapshot) { s.Limits.ActiveMemberships = 3 })
	var games []game.Game
	for range 12 {
		games = append(games, l.opened(root))
	}
	won, lost := race(games, func(g game.Game) error { _, err := l.apply(g, ada, "Zorg"); return err })
	require.Equal(t, 3, won)
	for _, err := range lost {
		refused(t, err, ErrMembershipLimit)
	}
	require.Equal(t, 1, l.one(`SELECT count(DISTINCT canonical_key) FROM race_names`)) // one name, held in three games
}

func TestRevokingAndRedeemingAtOnceHaveOneWinner(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada := l.person()
	for range 10 {
		bob := l.person()
		g := l.opened(by(ada))
		i, _, err := l.Invite(t.Context(), ada, Invitation{Game: g.ID, UserID: bob}, "")
		require.NoError(t, err)
		won, _ := race([]func() error{
			func() error { _, _, err := l.Redeem(t.Context(), bob, i.ID, raceOf(bob)); return err },
			func() error { _, err := l.Revoke(t.Context(), by(ada), i.ID); return err },
		}, func(fn func() error) error { return fn() })
		require.Equal(t, 1, won)
		i, err = l.store.invite(t.Context(), l.db, i.ID)
		require.NoError(t, err)
		require.Equal(t, i.State == redeemed, l.game(g.ID).SeatsTaken == 1)
		l.step(by(ada), g.ID, game.Cancel)
	}
}
