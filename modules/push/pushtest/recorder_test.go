package pushtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/push"
	"galaxy/backend/modules/push/pushtest"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestTheRecorderKeepsWhatCommits(t *testing.T) {
	t.Parallel()
	db, r := testkit.DB(t), &pushtest.Recorder{}
	kept, lost := push.Outgoing{EventID: "kept"}, push.Outgoing{EventID: "lost"}
	session := uuid.New()
	rolledBack := errors.New("rolled back")
	require.ErrorIs(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		r.Publish(tx, lost)
		r.Invalidate(tx, push.Invalidation{Reason: "user"})
		return rolledBack
	}), rolledBack)
	require.Empty(t, r.Published())
	require.Empty(t, r.Invalidations())
	require.NoError(t, db.InTx(t.Context(), func(_ context.Context, tx *pg.Tx) error {
		r.Publish(tx, kept)
		r.Invalidate(tx, push.Invalidation{DeviceSessionID: session}, push.Invalidation{Reason: "deleted"})
		return nil
	}))
	require.Equal(t, []push.Outgoing{kept}, r.Published())
	require.Len(t, r.Invalidations(), 2)
	require.Equal(t, []uuid.UUID{session, uuid.Nil}, r.InvalidatedSessions())
}
