package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/admin"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// silent writes no audit rows.
type silent struct{}

func (silent) Record(context.Context, *pg.Tx, admin.Entry) error { return nil }

// bench is a registry with the version 1.2.3.
type bench struct {
	*testing.T
	s  *Registry
	db *pg.DB
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, db: testkit.DB(t)}
	b.s = New(b.db, clock.NewFake(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), silent{}, func() {})
	b.register("1.2.3")
	return b
}

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
	require.ErrorIs(t, err, ErrExists)
}

func TestTheDefaultCannotBeTakenAway(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	deprecated := Deprecated
	_, err := b.s.ChangeVersion(t.Context(), "1.2.3", "deprecate", Patch{Status: &deprecated})
	require.ErrorIs(t, err, ErrIsDefault)
	require.ErrorIs(t, b.s.ForgetVersion(t.Context(), "1.2.3"), ErrIsDefault)
	b.register("1.3.0")
	_, err = b.s.ChangeVersion(t.Context(), "1.3.0", "deprecate", Patch{Status: &deprecated})
	require.NoError(t, err)
	_, err = b.s.ChooseVersion(t.Context(), "1.3.0")
	require.ErrorIs(t, err, ErrInactive)
}

func TestAChangeForAnotherRevisionIsRefused(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	notes := "fixes the scanner"
	v, err := b.s.ChangeVersion(t.Context(), "1.2.3", "patch", Patch{Notes: &notes, Revision: 1})
	require.NoError(t, err)
	require.EqualValues(t, 2, v.Revision)
	_, err = b.s.ChangeVersion(t.Context(), "1.2.3", "patch", Patch{Notes: &notes, Revision: 1})
	require.ErrorIs(t, err, ErrChanged)
}

func TestVersionsAreAnsweredFromMemoryNewestFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.register("1.10.0")
	b.register("1.9.0")
	_, err := b.s.Versions(t.Context())
	require.NoError(t, err)
	before := b.db.Traffic()
	all, err := b.s.Versions(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, b.db.Traffic())
	var names []string
	for _, v := range all {
		names = append(names, v.Version)
	}
	require.Equal(t, []string{"1.10.0", "1.9.0", "1.2.3"}, names)
}

func TestAPullThatAStoppedProcessLeftBehindBeginsAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.s.FetchVersion(t.Context(), "1.2.3")
	require.NoError(t, err)
	require.NoError(t, b.db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, _, err := b.s.store.nextPrefetch(ctx, tx) // and the process died
		return err
	}))
	pulls := 0
	pull := func(context.Context, Version) error { pulls++; return nil }
	again, err := b.s.PullNext(t.Context(), pull)
	require.NoError(t, err)
	require.True(t, again)
	require.Equal(t, 1, pulls)
	again, err = b.s.PullNext(t.Context(), pull)
	require.NoError(t, err)
	require.False(t, again)
}

func TestTwoDefaultsAtOnceLeaveOne(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	names := []string{"1.3.0", "1.4.0", "1.5.0", "1.6.0"}
	for _, name := range names {
		b.register(name)
	}
	for range 10 {
		var wg sync.WaitGroup
		errs := make([]error, len(names))
		for i, name := range names {
			wg.Go(func() { _, errs[i] = b.s.ChooseVersion(t.Context(), name) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...), "each is the default for a moment")
	}
	all, err := b.s.Versions(t.Context())
	require.NoError(t, err)
	require.Len(t, slices.DeleteFunc(slices.Clone(all), func(v Version) bool { return !v.IsDefault }), 1)
}
