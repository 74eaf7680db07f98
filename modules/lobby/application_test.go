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
	"galaxy/backend/platform/testkit"
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
		"twice with another race": {g, applied, ErrAlreadyApplied},
		"own":                     {g, ada, ErrOwnGame},
		"member":                  {g, member, ErrAlreadyMember},
		"left":                    {g, left, ErrMemberRemoved},
		"banned":                  {g, banned, ErrMemberBlocked},
		"invited":                 {g, invited, ErrAlreadyInvited},
		"closed":                  {closed, eve, ErrEnrollmentClosed},
		"started":                 {started, eve, ErrGameStarted},
		"full":                    {full, eve, ErrGameFull},
		"a stranger's":            {byInvite, eve, game.ErrNotFound},
		"no such game":            {game.Game{ID: uuid.New()}, eve, game.ErrNotFound},
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

func TestAnEnrollmentEndsAtItsDeadlineSweptOrNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(5)
	soon := noon.Add(time.Hour)
	until := func(n *game.NewGame) { n.EnrollmentEndsAt = &soon }
	public, private := f.opened(root, until), f.opened(by(p[0]), until, byApplying)
	i, _, err := f.s.Invite(t.Context(), p[0], Invitation{Game: private.ID, UserID: p[1]}, "")
	require.NoError(t, err)
	a, err := f.apply(private, p[2], "Vogon")
	require.NoError(t, err)
	f.clock.Advance(time.Hour) // to the instant
	_, err = f.apply(public, p[3], "Zorg")
	require.ErrorIs(t, err, ErrEnrollmentClosed)
	_, _, err = f.s.Join(t.Context(), p[0], private.ID, "Zorg")
	require.ErrorIs(t, err, ErrEnrollmentClosed)
	_, _, err = f.s.Redeem(t.Context(), p[1], i.ID, "Zorg")
	require.ErrorIs(t, err, ErrEnrollmentClosed)
	_, err = f.s.Approve(t.Context(), by(p[0]), a.ID)
	require.ErrorIs(t, err, ErrEnrollmentClosed)
	_, _, err = f.s.Invite(t.Context(), p[0], Invitation{Game: private.ID, UserID: p[4]}, "")
	require.ErrorIs(t, err, ErrEnrollmentClosed)
	require.Empty(t, f.listedGames(p[0], game.Filter{Open: true}), "neither takes members now")
}

// The reason why an applicant cannot play is shown only to them.
func TestAnApplicantWhoCannotPlayIsUnavailableToTheOwnerAndUnknownToOthers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(3)
	g := f.opened(by(p[0]), byApplying)
	a, err := f.apply(g, p[1], "Zorg")
	require.NoError(t, err)
	f.users.Sanction(p[1], user.GameJoinBlock, "private", nil)
	_, err = f.s.Approve(t.Context(), by(p[0]), a.ID)
	require.ErrorIs(t, err, ErrUserUnavailable)
	_, err = f.s.Approve(t.Context(), by(p[2]), a.ID)
	require.ErrorIs(t, err, game.ErrNotFound)
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
		won, lost := testkit.AtOnce(attempts, func(fn func() error) error { return fn() })
		require.Equal(t, seats, won, name)
		for _, err := range lost {
			require.True(t, errors.Is(err, ErrGameFull), "%s: %v", name, err)
		}
		require.Equal(t, seats, f.game(g.ID).SeatsTaken)
		require.Equal(t, seats, f.count(`SELECT count(*) FROM memberships
			WHERE game_id = $1 AND status = 'active'`, g.ID))
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
	won, lost := testkit.AtOnce(games, func(g game.Game) error { _, err := f.apply(g, ada, "Zorg"); return err })
	require.Equal(t, 3, won)
	for _, err := range lost {
		require.ErrorIs(t, err, ErrMembershipLimit)
	}
	// One name is reserved in three games.
	require.Equal(t, 1, f.count(`SELECT count(DISTINCT canonical_key) FROM race_names`))
}
