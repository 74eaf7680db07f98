package runtime

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/pg"
)

func (b *bench) register(version string) Version {
	b.Helper()
	v, _, err := b.s.Register(b.Context(), NewVersion{Version: version, ImageRef: "galaxy/engine:" + version})
	require.NoError(b, err)
	return v
}

func TestAVersionIsPlainSemver(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"1.2.3": true, "0.1.0": true, "1.2.3-rc.1": true, "10.20.30": true,
		"": false, "1": false, "1.2": false, "v1.2.3": false, "1.2.3+build": false, "01.2.3": false, " 1.2.3": false,
		"1.2.3-": false, "1.2.3\n": false, "latest": false, "1.2.3-" + strings.Repeat("a", 60): false, "1.2.99999999999999999999": false,
	} {
		require.Equal(t, good, checkVersion(text) == nil, text)
	}
}

func TestAnImageReferenceNamesATagOrADigest(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("a", 64)
	for text, good := range map[string]bool{
		"galaxy/engine:1.2.3": true, "registry.example:5000/galaxy/engine:1.2.3": true, "galaxy/engine@" + digest: true,
		"galaxy/engine:1.2.3@" + digest: true,
		"":                              false, "galaxy/engine": false, "--privileged": false, "a b": false, "../x": false, "Galaxy/Engine:1": false,
		"galaxy/engine@sha256:abc": false, "galaxy/engine:" + strings.Repeat("x", 129): false, "a:" + strings.Repeat("x", 1000): false,
		"http://x/y:1": false, "galaxy/engine:1;rm": false,
	} {
		require.Equal(t, good, checkImage(text) == nil, text)
	}
}

func TestTheFirstVersionIsTheDefault(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.register("1.3.0")
	name, err := b.s.DefaultVersion(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1.2.3", name)
	v, err := b.s.ChooseVersion(t.Context(), "1.3.0")
	require.NoError(t, err)
	require.True(t, v.IsDefault)
	name, err = b.s.DefaultVersion(t.Context())
	require.NoError(t, err)
	require.Equal(t, "1.3.0", name)
	again, err := b.s.ChooseVersion(t.Context(), "1.3.0")
	require.NoError(t, err)
	require.Equal(t, v.Revision, again.Revision)
}

func TestRegisteringAgainIsARepeatOrAConflict(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	same := NewVersion{Version: "1.2.3", ImageRef: "galaxy/engine:1.2.3"}
	_, created, err := b.s.Register(t.Context(), same)
	require.NoError(t, err)
	require.False(t, created)
	same.ImageRef = "galaxy/engine:other"
	_, _, err = b.s.Register(t.Context(), same)
	require.ErrorIs(t, err, ErrVersionExists)
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
	deprecated := VersionDeprecated
	_, err = b.s.ChangeVersion(t.Context(), "1.2.3", "deprecate", Patch{Status: &deprecated})
	require.NoError(t, err)

	require.ErrorIs(t, b.s.StartableVersion(t.Context(), "1.2.3"), ErrVersionInactive)
	err = b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := b.s.Start(ctx, tx, b.spec(), User)
		return err
	})
	require.ErrorIs(t, err, ErrVersionInactive)
	b.ask(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) {
		return b.s.Start(ctx, tx, Spec{GameID: old}, User)
	})
	b.pass()
	require.Equal(t, Running, b.record(old).Observed, "a game that exists goes on")
}

func TestTheDefaultCannotBeTakenAway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	deprecated := VersionDeprecated
	_, err := b.s.ChangeVersion(t.Context(), "1.2.3", "deprecate", Patch{Status: &deprecated})
	require.ErrorIs(t, err, ErrVersionIsDefault)
	require.ErrorIs(t, b.s.ForgetVersion(t.Context(), "1.2.3"), ErrVersionIsDefault)
	b.register("1.3.0")
	_, err = b.s.ChangeVersion(t.Context(), "1.3.0", "deprecate", Patch{Status: &deprecated})
	require.NoError(t, err)
	_, err = b.s.ChooseVersion(t.Context(), "1.3.0")
	require.ErrorIs(t, err, ErrVersionInactive)
}

func TestAVersionInUseCannotBeDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.start()
	b.register("1.3.0")
	b.register("1.4.0")
	_, err := b.s.ChooseVersion(t.Context(), "1.3.0")
	require.NoError(t, err)
	require.ErrorIs(t, b.s.ForgetVersion(t.Context(), "1.2.3"), ErrVersionInUse)
	require.NoError(t, b.s.ForgetVersion(t.Context(), "1.4.0"))
	require.ErrorIs(t, b.s.ForgetVersion(t.Context(), "1.4.0"), ErrVersionNotFound)
}

func TestAChangeForAnotherRevisionIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	notes := "fixes the scanner"
	v, err := b.s.ChangeVersion(t.Context(), "1.2.3", "patch", Patch{Notes: &notes, Revision: 1})
	require.NoError(t, err)
	require.EqualValues(t, 2, v.Revision)
	_, err = b.s.ChangeVersion(t.Context(), "1.2.3", "patch", Patch{Notes: &notes, Revision: 1})
	require.ErrorIs(t, err, ErrVersionChanged)
}

func TestVersionsAreAnsweredFromMemoryNewestFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.register("1.10.0")
	b.register("1.9.0")
	all, err := b.s.Versions(t.Context())
	require.NoError(t, err)
	before := b.db.Traffic()
	all, err = b.s.Versions(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, b.db.Traffic())
	var names []string
	for _, v := range all {
		names = append(names, v.Version)
	}
	require.Equal(t, []string{"1.10.0", "1.9.0", "1.2.3"}, names)
}

func TestAPrefetchPullsAheadAndSaysHowItWent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.driver.pull = driver.PullResult{Digest: "galaxy/engine@sha256:abc", Pulled: true}
	v, err := b.s.FetchVersion(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, PrefetchQueued, v.Prefetch)
	again, err := b.c.prefetch(t.Context())
	require.NoError(t, err)
	require.True(t, again)
	v, err = b.s.Version(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.Equal(t, PrefetchDone, v.Prefetch)
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
		want Prefetch
	}{{driver.ErrUnavailable, PrefetchQueued}, {driver.ErrImageUnavailable, PrefetchFailed}} {
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

func TestAPrefetchThatAStoppedProcessLeftBehindBeginsAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.s.FetchVersion(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, _, err := b.s.store.nextPrefetch(ctx, tx)
		return err
	}))
	again, err := b.c.prefetch(t.Context())
	require.NoError(t, err)
	require.False(t, again)
	require.NoError(t, b.c.requeue(t.Context()))
	again, err = b.c.prefetch(t.Context())
	require.NoError(t, err)
	require.True(t, again)
}
