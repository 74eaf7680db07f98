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
	l := open(t)
	ada, bob := l.person(), l.person()
	soon, in := noon.Add(time.Hour), wish()
	in.EnrollmentEndsAt = &soon
	g, made, err := l.Create(t.Context(), by(ada), in, "k")
	require.NoError(t, err)
	require.True(t, made)
	l.step(by(ada), g.ID, game.Open)
	asked := Invitation{Game: g.ID, UserID: bob}
	i, made, err := l.Invite(t.Context(), ada, asked, "k")
	require.NoError(t, err)
	require.True(t, made)
	_, _, err = l.Redeem(t.Context(), bob, i.ID, "Zorg")
	require.NoError(t, err)
	l.clock.Advance(2 * time.Hour) // the enrollment is over, the invite redeemed
	again, made, err := l.Create(t.Context(), by(ada), in, "k")
	require.NoError(t, err)
	require.Equal(t, []any{g.ID, false}, []any{again.ID, made})
	j, made, err := l.Invite(t.Context(), ada, asked, "k")
	require.NoError(t, err)
	require.Equal(t, []any{i.ID, redeemed, false}, []any{j.ID, j.State, made})
	_, _, err = l.Invite(t.Context(), ada, asked, "another")
	refused(t, err, ErrEnrollmentClosed)
	in.Name = "x"
	_, _, err = l.Create(t.Context(), by(ada), in, "k")
	refused(t, err, game.ErrReplay)
}

func TestAnEnrollmentEndsAtItsDeadlineSweptOrNot(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(5)
	soon := noon.Add(time.Hour)
	until := func(n *game.NewGame) { n.EnrollmentEndsAt = &soon }
	public, private := l.opened(root, until), l.opened(by(p[0]), until, application)
	i, _, err := l.Invite(t.Context(), p[0], Invitation{Game: private.ID, UserID: p[1]}, "")
	require.NoError(t, err)
	a, err := l.apply(private, p[2], "Vogon")
	require.NoError(t, err)
	l.clock.Advance(time.Hour) // to the instant
	_, err = l.apply(public, p[3], "Zorg")
	refused(t, err, ErrEnrollmentClosed)
	_, _, err = l.Join(t.Context(), p[0], private.ID, "Zorg")
	refused(t, err, ErrEnrollmentClosed)
	_, _, err = l.Redeem(t.Context(), p[1], i.ID, "Zorg")
	refused(t, err, ErrEnrollmentClosed)
	_, err = l.Approve(t.Context(), by(p[0]), a.ID)
	refused(t, err, ErrEnrollmentClosed)
	_, _, err = l.Invite(t.Context(), p[0], Invitation{Game: private.ID, UserID: p[4]}, "")
	refused(t, err, ErrEnrollmentClosed)
	require.Empty(t, l.listed(p[0], game.Filter{Open: true}), "neither takes members now")
}

func TestAGameInAnotherStateIsNotOpen(t *testing.T) {
	t.Parallel()
	l := open(t)
	l.opened(root)
	require.Len(t, l.listed(l.person(), game.Filter{Open: true, Status: game.EnrollmentOpen}), 1)
	require.Empty(t, l.listed(l.person(), game.Filter{Open: true, Status: game.Running}))
}

// Why an applicant cannot play is nobody's business but theirs.
func TestAnApplicantWhoCannotPlayIsUnavailableToTheOwnerAndUnknownToOthers(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(3)
	g := l.opened(by(p[0]), application)
	a, err := l.apply(g, p[1], "Zorg")
	require.NoError(t, err)
	l.people.set(p[1], func(s *user.Snapshot) {
		s.Sanctions = []user.ActiveSanction{{Kind: user.GameJoinBlock, Reason: "private"}}
	})
	_, err = l.Approve(t.Context(), by(p[0]), a.ID)
	refused(t, err, ErrUserUnavailable)
	_, err = l.Approve(t.Context(), by(p[2]), a.ID)
	refused(t, err, game.ErrNotFound)
}

// waits runs fn and reports whether it came to wait for a lock before it ended.
func (l *lounge) waits(done chan<- error, fn func() error) bool {
	l.Helper()
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
		if l.one(`SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()`) > 0 {
			return true
		}
	}
}

func TestWhatTheEndOfAnAccountSettledIsNotDecidedAgain(t *testing.T) {
	t.Parallel()
	l := open(t)
	p := l.persons(2)
	ada, eve := p[0], p[1]
	asked, invited := l.opened(by(ada), application), l.opened(by(ada))
	a, err := l.apply(asked, eve, "Zorg")
	require.NoError(t, err)
	i, _, err := l.Invite(t.Context(), ada, Invitation{Game: invited.ID, UserID: eve}, "")
	require.NoError(t, err)
	before := len(l.log.Intents())
	done := make(chan error, 1)
	require.NoError(t, l.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		if err := l.departIn(ctx, tx, eve, user.Deleted); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `SELECT 1`); err != nil { // what is queued reaches the database
			return err
		}
		require.True(t, l.waits(done, func() error {
			_, err := l.Reject(context.WithoutCancel(t.Context()), by(ada), a.ID, "no")
			return err
		}))
		return nil
	}))
	refused(t, <-done, ErrApplicationEnded)
	_, err = l.Revoke(t.Context(), by(ada), i.ID)
	refused(t, err, ErrInviteEnded)
	a, err = l.store.application(t.Context(), l.db, a.ID)
	require.NoError(t, err)
	require.Equal(t, withdrawn, a.State)
	require.Len(t, l.log.Intents(), before, "nobody is told of what did not happen")
}

func TestAnInviteWhoseTimeIsOverMakesRoomForTheNextSweptOrNot(t *testing.T) {
	t.Parallel()
	l := open(t)
	ada, bob := l.person(), l.person()
	g := l.opened(by(ada))
	asked := Invitation{Game: g.ID, UserID: bob}
	first, _, err := l.Invite(t.Context(), ada, asked, "")
	require.NoError(t, err)
	l.clock.Advance(168 * time.Hour)
	second, made, err := l.Invite(t.Context(), ada, asked, "")
	require.NoError(t, err)
	require.True(t, made)
	_, _, err = l.Redeem(t.Context(), bob, first.ID, "Zorg")
	refused(t, err, ErrInviteExpired)
	_, _, err = l.Redeem(t.Context(), bob, second.ID, "Zorg")
	require.NoError(t, err)
}
