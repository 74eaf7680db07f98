package notificationtest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func registered(key string, recipients ...uuid.UUID) notification.Intent {
	return notification.Intent{
		Key: key, Recipients: recipients, Payload: notification.RaceNameRegistered{RaceName: "Zorg"},
	}
}

func submit(t *testing.T, db *pg.DB, r *Recorder, in notification.Intent) error {
	t.Helper()
	return db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error { return r.Submit(ctx, tx, in) })
}

func TestOnlyWhatCommitsIsRecorded(t *testing.T) {
	t.Parallel()
	db, r := testkit.DB(t), &Recorder{}
	rolledBack := errors.New("rolled back")
	err := db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		require.NoError(t, r.Submit(ctx, tx, registered("1")))
		return rolledBack
	})
	require.ErrorIs(t, err, rolledBack)
	require.Empty(t, r.Intents())
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		require.NoError(t, r.Submit(ctx, tx, registered("2")))
		require.Empty(t, r.Intents(), "not before the commit")
		return nil
	}))
	require.Equal(t, "2", r.Intents()[0].Key)
}

func TestIntentsAreFoundByKindAndRecipient(t *testing.T) {
	t.Parallel()
	db, r := testkit.DB(t), &Recorder{}
	anna, bob := uuid.New(), uuid.New()
	game := uuid.New()
	missing := notification.Intent{Key: "3", Payload: notification.ContainerMissing{GameID: game}}
	for _, in := range []notification.Intent{registered("1", anna, bob), registered("2", anna), missing} {
		require.NoError(t, submit(t, db, r, in))
	}
	require.Equal(t, []notification.Kind{
		notification.KindRaceNameRegistered, notification.KindRaceNameRegistered, notification.KindContainerMissing,
	}, r.Kinds())
	require.Equal(t, 2, r.Count(notification.KindRaceNameRegistered))
	require.Equal(t, 1, r.CountTo(bob, notification.KindRaceNameRegistered))
	require.Zero(t, r.CountTo(bob, notification.KindContainerMissing))
	require.Len(t, r.SentTo(anna), 2)
	require.Equal(t, "3", r.Intents(notification.KindContainerMissing, notification.KindGameStarted)[0].Key)
	require.Equal(t, []notification.ContainerMissing{{GameID: game}}, Payloads[notification.ContainerMissing](r))
	require.Empty(t, Payloads[notification.GameStarted](r))
	r.Reset()
	require.Empty(t, r.Kinds())
}

func TestAMalformedIntentIsAnError(t *testing.T) {
	t.Parallel()
	db, r := testkit.DB(t), &Recorder{}
	incomplete := notification.Intent{Key: "1", Payload: notification.RaceNameRegistered{}}
	require.ErrorContains(t, submit(t, db, r, incomplete), "the payload lacks race_name")
	require.Error(t, submit(t, db, r, registered("")))
	require.Empty(t, r.Intents())
}

func TestSubmitFailsUntilItIsToldNotTo(t *testing.T) {
	t.Parallel()
	db, r := testkit.DB(t), &Recorder{}
	down := errors.New("down")
	r.FailWith(down)
	require.ErrorIs(t, submit(t, db, r, registered("1")), down)
	r.FailWith(nil)
	require.NoError(t, submit(t, db, r, registered("1")))
	require.Len(t, r.Intents(), 1)
}

func TestConcurrentTransactionsAreAllRecorded(t *testing.T) {
	t.Parallel()
	db, r := testkit.DB(t), &Recorder{}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { _ = submit(t, db, r, registered(strconv.Itoa(i))); r.Kinds() })
	}
	wg.Wait()
	require.Len(t, r.Intents(), 8)
}
