package runtime

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/pg"
)

func TestStateIsAnsweredFromMemory(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	_, err := f.states.State(t.Context(), uuid.New())
	require.ErrorIs(t, err, ErrNotFound)
	before := f.db.Traffic()
	for range 10 {
		require.Equal(t, "running", f.state(game).Observed)
	}
	require.Equal(t, before, f.db.Traffic())
	f.request(f.s.Stop, game)
	state := f.state(game)
	require.Equal(t, "stopped", state.Desired)
	require.Equal(t, "running", state.Observed)
}

func TestStateFollowsConvergence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	require.Equal(t, State{Desired: "running", Observed: "starting", Version: "1.2.3", Generation: 1}, f.state(game))
	f.converge()
	require.Equal(t, State{Desired: "running", Observed: "running", Version: "1.2.3", Generation: 1}, f.state(game))
	f.driver.Lose(game)
	f.driver.Fail(errBroken, "ensure")
	f.convergeAfter(time.Minute)
	require.Equal(t, "container_start_failed", f.state(game).LastError, "as a stable token")
}

func TestStateOfARequestThatWasRolledBackIsNotSeen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.startRunning()
	_, err := f.inTx(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
		if _, err := f.s.Stop(ctx, tx, game, User); err != nil {
			return uuid.Nil, err
		}
		return uuid.Nil, errBroken
	})
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, "running", f.state(game).Desired)
}

func TestTheWarmUpAnswersWithoutAQuery(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game, stopped := f.startRunning(), f.startRunning()
	f.request(f.s.Stop, stopped)
	f.converge()
	fresh := NewStates(f.db, CacheConfig{RuntimesMax: 10})
	require.NoError(t, fresh.Warm(t.Context()))
	before := f.db.Traffic()
	state, err := fresh.State(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, "running", state.Observed)
	require.Equal(t, before, f.db.Traffic())
	state, err = fresh.State(t.Context(), stopped)
	require.NoError(t, err)
	require.Equal(t, "stopped", state.Observed, "what nobody works on is read when it is asked for")
	require.NotEqual(t, before, f.db.Traffic())
}

func TestAWarmUpThatCannotReadFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, f.states.Warm(ctx), "warm the engine states")
}
