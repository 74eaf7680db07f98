package lobby

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/game"
	"galaxy/backend/modules/user"
	"galaxy/backend/platform/pg"
)

func TestARepeatUnderItsKeyAnswersAsTheFirstWhateverHasChanged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.addUser(), f.addUser()
	soon, in := noon.Add(time.Hour), newGame()
	in.EnrollmentEndsAt = &soon
	g, made, err := f.games.Create(t.Context(), by(ada), in, "k")
	require.NoError(t, err)
	require.True(t, made)
	f.move(by(ada), g.ID, game.Open)
	asked := Invitation{Game: g.ID, UserID: bob}
	i, made, err := f.s.Invite(t.Context(), ada, asked, "k")
	require.NoError(t, err)
	require.True(t, made)
	_, _, err = f.s.Redeem(t.Context(), bob, i.ID, "Zorg")
	require.NoError(t, err)
	f.clock.Advance(2 * time.Hour) // the enrollment is over, the invite redeemed
	again, made, err := f.games.Create(t.Context(), by(ada), in, "k")
	require.NoError(t, err)
	require.Equal(t, []any{g.ID, false}, []any{again.ID, made})
	j, made, err := f.s.Invite(t.Context(), ada, asked, "k")
	require.NoError(t, err)
	require.Equal(t, []any{i.ID, redeemed, false}, []any{j.ID, j.State, made})
	_, _, err = f.s.Invite(t.Context(), ada, asked, "another")
	require.ErrorIs(t, err, ErrEnrollmentClosed)
	in.Name = "x"
	_, _, err = f.games.Create(t.Context(), by(ada), in, "k")
	require.ErrorIs(t, err, game.ErrReplay)
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

func TestAGameInAnotherStateIsNotOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.opened(root)
	require.Len(t, f.listedGames(f.addUser(), game.Filter{Open: true, Status: game.EnrollmentOpen}), 1)
	require.Empty(t, f.listedGames(f.addUser(), game.Filter{Open: true, Status: game.Running}))
}

// Why an applicant cannot play is nobody's business but theirs.
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

// waits runs fn and reports whether it came to wait for a lock before it ended.
func (f *fixture) blocks(done chan<- error, fn func() error) bool {
	f.Helper()
	over := make(chan struct{})
	go func() {
		err := fn()
		close(over)
		done <- err
	}()
	for {
		select {
		case <-over:
			return false
		default:
		}
		if f.count(`SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()`) > 0 {
			return true
		}
	}
}

func TestWhatTheEndOfAnAccountSettledIsNotDecidedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.addUsers(2)
	ada, eve := p[0], p[1]
	asked, invited := f.opened(by(ada), byApplying), f.opened(by(ada))
	a, err := f.apply(asked, eve, "Zorg")
	require.NoError(t, err)
	i, _, err := f.s.Invite(t.Context(), ada, Invitation{Game: invited.ID, UserID: eve}, "")
	require.NoError(t, err)
	before := len(f.intents.Intents())
	done := make(chan error, 1)
	require.NoError(t, f.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if err := f.departIn(ctx, tx, eve, user.Deleted); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT 1`); err != nil { // what is queued reaches the database
			return err
		}
		require.True(t, f.blocks(done, func() error {
			_, err := f.s.Reject(context.WithoutCancel(t.Context()), by(ada), a.ID, "no")
			return err
		}))
		return nil
	}))
	require.ErrorIs(t, <-done, ErrApplicationEnded)
	_, err = f.s.Revoke(t.Context(), by(ada), i.ID)
	require.ErrorIs(t, err, ErrInviteEnded)
	a, err = f.s.store.application(t.Context(), f.db, a.ID)
	require.NoError(t, err)
	require.Equal(t, withdrawn, a.State)
	require.Len(t, f.intents.Intents(), before, "nobody is told of what did not happen")
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
