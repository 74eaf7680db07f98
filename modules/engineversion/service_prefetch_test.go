package engineversion

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/sanitize"
)

// take returns the name of the next version to pull, or "".
func (f *fixture) take() string {
	f.Helper()
	v, ok, err := f.s.NextPrefetch(f.Context())
	require.NoError(f, err)
	require.Equal(f, ok, v.Version != "")
	if ok {
		require.Equal(f, PrefetchRunning, v.Prefetch)
	}
	return v.Version
}

func (f *fixture) queue(versions ...string) {
	f.Helper()
	for _, version := range versions {
		v, err := f.s.QueuePrefetch(f.Context(), version)
		require.NoError(f, err)
		require.Equal(f, version, v.Version)
		f.clock.Advance(time.Second)
	}
}

func TestAQueuedPrefetchWakesWhoeverPulls(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	require.False(t, f.signalled())
	v, err := f.s.QueuePrefetch(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, PrefetchQueued, v.Prefetch)
	require.True(t, f.signalled())
	_, err = f.s.QueuePrefetch(t.Context(), "9.9.9")
	require.ErrorIs(t, err, ErrNotFound)
	require.False(t, f.signalled(), "there is nothing to pull")
}

func TestImagesArePulledInTheOrderOfTheRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.3.0", "1.4.0", "1.5.0")
	require.Empty(t, f.take())
	f.queue("1.4.0", "1.2.3", "1.3.0")
	for _, want := range []string{"1.4.0", "1.2.3", "1.3.0"} {
		require.Equal(t, want, f.take())
		require.NoError(t, f.s.RecordPrefetch(t.Context(), want, PrefetchDone, ""))
	}
	require.Empty(t, f.take())
}

func TestAPullThatAStoppedProcessLeftBehindBeginsAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	f.queue("1.2.3")
	require.Equal(t, "1.2.3", f.take()) // and the process died
	require.Equal(t, "1.2.3", f.take())
}

func TestAPullUnderWayIsNotQueuedAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	f.queue("1.2.3")
	require.Equal(t, "1.2.3", f.take())
	v, err := f.s.QueuePrefetch(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, PrefetchRunning, v.Prefetch)
}

func TestTheEndOfAPullIsKept(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		state  Prefetch
		reason string
		next   string // to be pulled afterwards
	}{
		{PrefetchDone, "", ""},
		{PrefetchFailed, "no such image", ""},
		{PrefetchQueued, "", "1.2.3"},
	} {
		f := newFixture(t)
		f.register("1.2.3")
		f.queue("1.2.3")
		require.Equal(t, "1.2.3", f.take())
		require.NoError(t, f.s.RecordPrefetch(t.Context(), "1.2.3", row.state, row.reason))
		v, err := f.s.Version(t.Context(), "1.2.3")
		require.NoError(t, err)
		require.Equal(t, row.state, v.Prefetch)
		require.Equal(t, row.reason, v.PrefetchError)
		require.Equal(t, row.state == PrefetchDone, v.PrefetchedAt != nil)
		require.Equal(t, row.next, f.take())
	}
}

func TestANewPrefetchForgetsWhyTheLastOneFailed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	f.queue("1.2.3")
	require.Equal(t, "1.2.3", f.take())
	require.NoError(t, f.s.RecordPrefetch(t.Context(), "1.2.3", PrefetchFailed, "no space"))
	f.queue("1.2.3")
	require.Empty(t, f.version("1.2.3").PrefetchError)
}

func TestTheReasonOfAFailedPullIsOnePrintableLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	require.NoError(t, f.s.RecordPrefetch(t.Context(), "1.2.3", PrefetchFailed,
		"no\x00 such\nimage\x1b"+strings.Repeat("ü", 4000)))
	kept := f.version("1.2.3").PrefetchError
	require.True(t, strings.HasPrefix(kept, "no such imageü"), kept[:40])
	require.LessOrEqual(t, len(kept), sanitize.MaxLine)
}

func TestTheEndOfAPullOfADeletedVersionIsNoError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.3.0")
	f.queue("1.3.0")
	require.Equal(t, "1.3.0", f.take())
	require.NoError(t, f.s.Delete(t.Context(), "1.3.0"))
	require.NoError(t, f.s.RecordPrefetch(t.Context(), "1.3.0", PrefetchDone, ""))
	require.NoError(t, f.s.RecordDigest(t.Context(), Version{Version: "1.3.0"}, "galaxy/engine@sha256:abc"))
}

func TestADigestIsNoChangeOfAnOperator(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	record := func(digest string) int64 {
		t.Helper()
		v, err := f.s.Version(t.Context(), "1.2.3")
		require.NoError(t, err)
		before := f.db.Traffic().RoundTrips
		require.NoError(t, f.s.RecordDigest(t.Context(), v, digest))
		return f.db.Traffic().RoundTrips - before
	}
	require.Zero(t, record(""), "an image that no registry knows has none")
	require.NotZero(t, record("galaxy/engine@sha256:abc"))
	require.Zero(t, record("galaxy/engine@sha256:abc"), "it is known already")
	v, err := f.s.Version(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, "galaxy/engine@sha256:abc", v.Digest)
	require.EqualValues(t, 1, v.Revision)
}

func TestWhatCannotBeRecordedIsReportedWithWhatWasTried(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ctx := cancelled(t)
	_, _, err := f.s.NextPrefetch(ctx)
	require.ErrorIs(t, err, context.Canceled)
	err = f.s.RecordPrefetch(ctx, "1.2.3", PrefetchDone, "")
	require.ErrorContains(t, err, "record the prefetch of engine version 1.2.3")
	err = f.s.RecordDigest(ctx, Version{Version: "1.2.3"}, "x")
	require.ErrorContains(t, err, "record the digest of engine version 1.2.3")
}
