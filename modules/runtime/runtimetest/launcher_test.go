package runtimetest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime"
	"galaxy/backend/modules/runtime/runtimetest"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var errBroken = errors.New("broken")

func TestOnlyRequestsOfCommittedTransactionsAreKept(t *testing.T) {
	t.Parallel()
	db, l, game := testkit.DB(t), &runtimetest.Launcher{}, uuid.New()
	request := func(outcome error) error {
		return db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			started, err := l.Start(ctx, tx, runtime.Spec{GameID: game, Version: "1.2.3"}, runtime.User)
			require.NoError(t, err)
			stopped, err := l.Stop(ctx, tx, game, runtime.System)
			require.NoError(t, err)
			require.NotEqual(t, started, stopped, "each is an operation of its own")
			require.Empty(t, l.Starts(), "not before the commit")
			return outcome
		})
	}
	require.ErrorIs(t, request(errBroken), errBroken)
	require.Empty(t, l.Starts())
	require.NoError(t, request(nil))
	require.Equal(t, []runtimetest.Start{{Spec: runtime.Spec{GameID: game, Version: "1.2.3"}, By: runtime.User}}, l.Starts())
	require.Equal(t, []runtimetest.Stop{{GameID: game, By: runtime.System}}, l.Stops())
	l.Reset()
	require.Empty(t, l.Starts())
	require.Empty(t, l.Stops())
}

func TestRequestsFailUntilTheyAreToldNotTo(t *testing.T) {
	t.Parallel()
	db, l := testkit.DB(t), &runtimetest.Launcher{}
	stop := func() error {
		return db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := l.Stop(ctx, tx, uuid.New(), runtime.Operator)
			return err
		})
	}
	l.FailWith(errBroken)
	require.ErrorIs(t, stop(), errBroken)
	l.FailWith(nil)
	require.NoError(t, stop())
	require.Len(t, l.Stops(), 1)
}
