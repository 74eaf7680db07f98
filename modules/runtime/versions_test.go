package runtime

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/pg"
)

func (b *bench) register(version string) engineversion.Version {
	b.Helper()
	v, _, err := b.versions.Register(b.Context(), engineversion.NewVersion{Version: version, ImageRef: "galaxy/engine:" + version})
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
	_, err := b.versions.SetDefault(t.Context(), "1.3.0")
	require.NoError(t, err)
	deprecated := engineversion.Deprecated
	_, err = b.versions.Patch(t.Context(), "1.2.3", engineversion.Patch{Status: &deprecated})
	require.NoError(t, err)

	require.ErrorIs(t, b.versions.StartableVersion(t.Context(), "1.2.3"), engineversion.ErrInactive)
	err = b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := b.s.Start(ctx, tx, b.spec(), User)
		return err
	})
	require.ErrorIs(t, err, engineversion.ErrInactive)
	b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
		return b.s.Start(ctx, tx, Spec{GameID: old}, User)
	})
	b.pass()
	require.Equal(t, Running, b.record(old).Observed, "a game that exists goes on")
}

func TestAPrefetchPullsAheadAndSaysHowItWent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.driver.pull = driver.PullResult{Digest: "galaxy/engine@sha256:abc", Pulled: true}
	v, err := b.versions.QueuePrefetch(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, engineversion.PrefetchQueued, v.Prefetch)
	again, err := b.c.prefetch(t.Context())
	require.NoError(t, err)
	require.True(t, again)
	v, err = b.versions.Version(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, engineversion.PrefetchDone, v.Prefetch)
	require.Equal(t, "galaxy/engine@sha256:abc", v.Digest)
	require.Equal(t, noon, *v.PrefetchedAt)
	again, err = b.c.prefetch(t.Context())
	require.NoError(t, err)
	require.False(t, again)
}

func TestAPrefetchThatFailsSaysWhyAndOneThatCannotBeTriedWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, row := range []struct {
		err  error
		want engineversion.Prefetch
	}{{driver.ErrUnavailable, engineversion.PrefetchQueued}, {driver.ErrImageUnavailable, engineversion.PrefetchFailed}} {
		_, err := b.versions.QueuePrefetch(t.Context(), "1.2.3")
		require.NoError(t, err)
		b.driver.failing(row.err, "pull")
		_, err = b.c.prefetch(t.Context())
		require.NoError(t, err)
		v, err := b.versions.Version(t.Context(), "1.2.3")
		require.NoError(t, err)
		require.Equal(t, row.want, v.Prefetch)
	}
}
