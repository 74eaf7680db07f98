package lobby

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
)

const countPendingInvites = `SELECT count(*) FROM invites WHERE state = 'pending'`

func TestOnePassExpiresABatchAndAsksForTheNext(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.opened(by(f.addUser()))
	for _, u := range f.addUsers(sweepBatch + 1) {
		f.invite(g, u)
	}
	f.clock.Advance(inviteTTL)
	for _, want := range []struct {
		again bool
		left  int
	}{{true, 1}, {false, 0}, {false, 0}} {
		again, err := f.sweepers.Lobby.RunOnce(t.Context())
		require.NoError(t, err)
		require.Equal(t, want.again, again)
		require.Equal(t, want.left, f.count(countPendingInvites))
	}
}

func TestAnInviteExpiresAtItsInstant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	i := f.invite(f.opened(by(f.addUser())), f.addUser())
	f.clock.Advance(inviteTTL - time.Microsecond)
	f.sweep()
	require.Equal(t, pending, f.inviteRow(i.ID).State)
	f.clock.Advance(time.Microsecond)
	f.sweep()
	row := f.inviteRow(i.ID)
	require.Equal(t, expired, row.State)
	require.Equal(t, f.clock.Now(), row.DecidedAt.UTC())
}

func TestAnInviteThatIsBeingAnsweredIsSkipped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	g := f.opened(by(f.addUser()))
	p := f.addUsers(2)
	locked := f.invite(g, p[0])
	f.invite(g, p[1])
	f.clock.Advance(inviteTTL)
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		if _, err := f.s.store.lockInvite(ctx, tx, locked.ID); err != nil {
			return err
		}
		_, err := f.sweepers.Lobby.RunOnce(context.WithoutCancel(t.Context()))
		return err
	})
	require.Equal(t, pending, f.inviteRow(locked.ID).State)
	require.Equal(t, 1, f.count(countPendingInvites))
	f.sweep()
	require.Zero(t, f.count(countPendingInvites))
}
