package runtime

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/runtime/driver"
)

// version is the registry's entry of 1.2.3.
func (f *fixture) version() engineversion.Version {
	f.Helper()
	v, err := f.versions.Version(f.Context(), "1.2.3")
	require.NoError(f, err)
	return v
}

func (f *fixture) queuePrefetch() {
	f.Helper()
	_, err := f.versions.QueuePrefetch(f.Context(), "1.2.3")
	require.NoError(f, err)
}

func TestAPrefetchPullsAheadAndSaysHowItWent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.driver.SetPull(driver.PullResult{Digest: "galaxy/engine@sha256:abc", Pulled: true})
	f.queuePrefetch()
	again, err := f.prefetcher.runOnce(t.Context())
	require.NoError(t, err)
	require.True(t, again, "there may be another one")
	v := f.version()
	require.Equal(t, engineversion.PrefetchDone, v.Prefetch)
	require.Equal(t, "galaxy/engine@sha256:abc", v.Digest)
	require.Equal(t, noon, v.PrefetchedAt.UTC())
	again, err = f.prefetcher.runOnce(t.Context())
	require.NoError(t, err)
	require.False(t, again)
	require.Equal(t, 1, f.driver.Calls("pull"))
}

func TestAPrefetchThatFailsSaysWhyAndOneThatCannotBeTriedWaits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, row := range []struct {
		err    error
		want   engineversion.Prefetch
		reason string
	}{
		{fmt.Errorf("dial: %w", driver.ErrUnavailable), engineversion.PrefetchQueued, ""},
		{driver.ErrImageUnavailable, engineversion.PrefetchFailed, driver.ErrImageUnavailable.Error()},
		{errors.New("no space\nleft"), engineversion.PrefetchFailed, "no space left"},
	} {
		f.queuePrefetch()
		f.driver.Fail(row.err, "pull")
		again, err := f.prefetcher.runOnce(t.Context())
		require.NoError(t, err)
		require.False(t, again, "at once would not help")
		require.Equal(t, row.want, f.version().Prefetch)
		require.Equal(t, row.reason, f.version().PrefetchError)
	}
}

func TestAPrefetchThatAShutdownEndsIsQueuedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.queuePrefetch()
	ctx, stop := context.WithCancel(t.Context())
	f.driver.Before(func(string, uuid.UUID) error { stop(); return ctx.Err() })
	_, err := f.prefetcher.runOnce(ctx)
	require.NoError(t, err)
	require.Equal(t, engineversion.PrefetchQueued, f.version().Prefetch)
	f.driver.Before(nil)
	_, err = f.prefetcher.runOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, engineversion.PrefetchDone, f.version().Prefetch)
}

func TestAQueueThatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := f.prefetcher.runOnce(ctx)
	require.Error(t, err)
	require.Zero(t, f.driver.Calls("pull"))
}
