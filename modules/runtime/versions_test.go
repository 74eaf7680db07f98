package runtime

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/registry"
	"galaxy/backend/platform/pg"
)

func (b *bench) register(version string) Version {
	b.Helper()
	v, _, err := b.s.Register(b.Context(), registry.NewVersion{Version: version, ImageRef: "galaxy/engine:" + version})
	require.NoError(b, err)
	return v
}

func TestADeprecatedVersionStartsNoNewGame(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	old := b.running()
	b.want(b.s.Stop, old)
	b.pass()
	b.register("1.3.0")
	_, err := b.s.ChooseVersion(t.Context(), "1.3.0")
	require.NoError(t, err)
	deprecated := registry.Deprecated
	_, err = b.s.ChangeVersion(t.Context(), "1.2.3", "deprecate", registry.Patch{Status: &deprecated})
	require.NoError(t, err)

	require.ErrorIs(t, b.s.StartableVersion(t.Context(), "1.2.3"), registry.ErrInactive)
	err = b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := b.s.Start(ctx, tx, b.spec(), User)
		return err
	})
	require.ErrorIs(t, err, registry.ErrInactive)
	b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
		return b.s.Start(ctx, tx, Spec{GameID: old}, User)
	})
	b.pass()
	require.Equal(t, Running, b.record(old).Observed, "a game that exists goes on")
}

func TestAVersionInUseCannotBeDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.start()
	b.register("1.3.0")
	b.register("1.4.0")
	_, err := b.s.ChooseVersion(t.Context(), "1.3.0")
	require.NoError(t, err)
	require.ErrorIs(t, b.s.ForgetVersion(t.Context(), "1.2.3"), registry.ErrInUse)
	require.NoError(t, b.s.ForgetVersion(t.Context(), "1.4.0"))
	require.ErrorIs(t, b.s.ForgetVersion(t.Context(), "1.4.0"), registry.ErrNotFound)
}

func TestAPrefetchPullsAheadAndSaysHowItWent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.driver.pull = driver.PullResult{Digest: "galaxy/engine@sha256:abc", Pulled: true}
	v, err := b.s.FetchVersion(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, registry.PrefetchQueued, v.Prefetch)
	again, err := b.c.prefetch(t.Context())
	require.NoError(t, err)
	require.True(t, again)
	v, err = b.s.Version(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, registry.PrefetchDone, v.Prefetch)
	require.Equal(t, "galaxy/engine@sha256:abc", v.Digest)
	require.Equal(t, epoch, *v.PrefetchedAt)
	again, err = b.c.prefetch(t.Context())
	require.NoError(t, err)
	require.False(t, again)
}

func TestAPrefetchThatFailsSaysWhyAndOneThatCannotBeTriedWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, row := range []struct {
		err  error
		want registry.Prefetch
	}{{driver.ErrUnavailable, registry.PrefetchQueued}, {driver.ErrImageUnavailable, registry.PrefetchFailed}} {
		_, err := b.s.FetchVersion(t.Context(), "1.2.3")
		require.NoError(t, err)
		b.driver.failing(row.err, "pull")
		_, err = b.c.prefetch(t.Context())
		require.NoError(t, err)
		v, err := b.s.Version(t.Context(), "1.2.3")
		require.NoError(t, err)
		require.Equal(t, row.want, v.Prefetch)
	}
}
