package engineversion

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFirstVersionIsTheDefault(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, err := f.s.DefaultVersion(t.Context())
	require.ErrorIs(t, err, ErrNoDefault)
	f.register("1.2.3", "1.3.0")
	require.Equal(t, "1.2.3", f.defaultVersion())
}

func TestSettingTheDefaultTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.3.0")
	v, err := f.s.SetDefault(t.Context(), "1.3.0")
	require.NoError(t, err)
	require.True(t, v.IsDefault)
	require.Equal(t, "1.3.0", f.defaultVersion())
	require.False(t, f.version("1.2.3").IsDefault)
	again, err := f.s.SetDefault(t.Context(), "1.3.0")
	require.NoError(t, err)
	require.Equal(t, v.Revision, again.Revision)
	require.Equal(t, v.Revision, f.version("1.3.0").Revision)
}

func TestOnlyAnActiveVersionBecomesTheDefault(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.3.0", "1.4.0")
	f.setStatus("1.3.0", Deprecated)
	f.setStatus("1.4.0", Blocked)
	for version, want := range map[string]error{"1.3.0": ErrInactive, "1.4.0": ErrInactive, "9.9.9": ErrNotFound} {
		_, err := f.s.SetDefault(t.Context(), version)
		require.ErrorIs(t, err, want, version)
	}
	require.Equal(t, "1.2.3", f.defaultVersion())
}

func TestTheDefaultCannotBeTakenAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	_, err := f.s.Deprecate(t.Context(), "1.2.3")
	require.ErrorIs(t, err, ErrIsDefault)
	require.ErrorIs(t, f.s.Delete(t.Context(), "1.2.3"), ErrIsDefault)
	require.Equal(t, "1.2.3", f.defaultVersion())
}

func TestRegisteringAgainIsARepeatOrAConflict(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	for _, row := range []struct {
		in   NewVersion
		want error
	}{
		{NewVersion{Version: "1.2.3", ImageRef: "galaxy/engine:1.2.3"}, nil},
		{NewVersion{Version: "1.2.3", ImageRef: "galaxy/engine:other"}, ErrExists},
		{NewVersion{Version: "1.2.3", ImageRef: "galaxy/engine:1.2.3", Notes: "other"}, ErrExists},
	} {
		_, created, err := f.s.Register(t.Context(), row.in)
		require.ErrorIs(t, err, row.want)
		require.False(t, created)
	}
	require.EqualValues(t, 1, f.version("1.2.3").Revision)
}

func TestWhatCannotBeRegisteredLeavesNoTrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, in := range []NewVersion{{Version: "latest", ImageRef: "galaxy/engine:1"},
		{Version: "1.2.3", ImageRef: "galaxy/engine"}} {
		_, _, err := f.s.Register(t.Context(), in)
		require.Error(t, err)
	}
	f.auditor.Fail(errBroken)
	_, _, err := f.s.Register(t.Context(), NewVersion{Version: "1.2.3", ImageRef: "galaxy/engine:1.2.3"})
	require.ErrorIs(t, err, errBroken)
	all, err := f.s.Versions(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
	require.Empty(t, f.auditor.Entries())
}

func TestOneOfManyRegistrationsCreatesTheVersion(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	created, errs := make([]bool, 8), make([]error, 8)
	var wg sync.WaitGroup
	for i := range created {
		wg.Go(func() {
			_, created[i], errs[i] = f.s.Register(t.Context(), NewVersion{Version: "1.2.3", ImageRef: "galaxy/engine:1.2.3"})
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Len(t, slices.DeleteFunc(created, func(c bool) bool { return !c }), 1)
	require.True(t, f.version("1.2.3").IsDefault)
}

func TestWhatAVersionMayStartFollowsItsStatus(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.0.0", "1.1.0", "1.2.0")
	f.setStatus("1.1.0", Deprecated)
	f.setStatus("1.2.0", Blocked)
	for version, want := range map[string]struct{ start, restart error }{
		"1.0.0": {nil, nil},
		"1.1.0": {ErrInactive, nil},
		"1.2.0": {ErrInactive, ErrBlocked},
		"9.9.9": {ErrNotFound, ErrNotFound},
	} {
		require.ErrorIs(t, f.s.StartableVersion(t.Context(), version), want.start, version)
		require.ErrorIs(t, f.s.RestartableVersion(t.Context(), version), want.restart, version)
	}
}

func TestADeprecatedVersionMayBecomeActiveAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.3.0")
	v, err := f.s.Deprecate(t.Context(), "1.3.0")
	require.NoError(t, err)
	require.Equal(t, Deprecated, v.Status)
	f.setStatus("1.3.0", Active)
	require.NoError(t, f.s.StartableVersion(t.Context(), "1.3.0"))
}

func TestAVersionThatAGameUsesCannotBeDeleted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.3.0", "1.4.0")
	f.exec(`
INSERT INTO runtime_records (game_id, desired, version, generation, source, init, observed, next_attempt_at, created_at, updated_at)
VALUES (gen_random_uuid(), 'removed', '1.3.0', 1, 'user', '{}', 'removed', $1, $1, $1)`, noon)
	require.ErrorIs(t, f.s.Delete(t.Context(), "1.3.0"), ErrInUse)
	require.NoError(t, f.s.Delete(t.Context(), "1.4.0"))
	require.ErrorIs(t, f.s.Delete(t.Context(), "1.4.0"), ErrNotFound)
	_, err := f.s.Version(t.Context(), "1.4.0")
	require.ErrorIs(t, err, ErrNotFound)
	_, err = f.s.Version(t.Context(), "1.3.0")
	require.NoError(t, err)
}

func TestOfTwoChangesForOneRevisionOneWins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	errs := make([]error, 6)
	var wg sync.WaitGroup
	for i, notes := range []string{"a", "b", "c", "d", "e", "f"} {
		wg.Go(func() { _, errs[i] = f.s.Patch(t.Context(), "1.2.3", Patch{Notes: &notes, Revision: 1}) })
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		require.ErrorIs(t, err, ErrRevisionMismatch)
	}
	require.Equal(t, 1, won)
	require.EqualValues(t, 2, f.version("1.2.3").Revision)
}

func TestAChangeThatChangesNothingKeepsTheRevision(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3")
	notes := ""
	v, err := f.s.Patch(t.Context(), "1.2.3", Patch{Notes: &notes})
	require.NoError(t, err)
	require.EqualValues(t, 1, v.Revision)
	require.Equal(t, []string{"engine_version.create", "engine_version.patch"}, f.auditor.Actions(),
		"the request is audited all the same")
}

func TestTwoDefaultsAtOnceLeaveOne(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	names := []string{"1.3.0", "1.4.0", "1.5.0", "1.6.0"}
	f.register(names...)
	for range 10 {
		var wg sync.WaitGroup
		errs := make([]error, len(names))
		for i, name := range names {
			wg.Go(func() { _, errs[i] = f.s.SetDefault(t.Context(), name) })
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...), "each is the default for a moment")
	}
	all, err := f.s.Versions(t.Context())
	require.NoError(t, err)
	require.Len(t, slices.DeleteFunc(slices.Clone(all), func(v Version) bool { return !v.IsDefault }), 1)
}

func TestADefaultThatIsDeprecatedMeanwhileIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.3.0")
	for range 10 {
		f.setStatus("1.3.0", Active)
		var wg sync.WaitGroup
		var chosen, deprecated error
		wg.Go(func() { _, chosen = f.s.SetDefault(t.Context(), "1.3.0") })
		wg.Go(func() { _, deprecated = f.s.Deprecate(t.Context(), "1.3.0") })
		wg.Wait()
		require.True(t, (chosen == nil) != (deprecated == nil), "%v, %v", chosen, deprecated)
		_, err := f.s.SetDefault(t.Context(), "1.2.3")
		require.NoError(t, err)
	}
}

func TestAuditRowsShowWhatAChangeDid(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.3.0")
	_, err := f.s.Deprecate(t.Context(), "1.3.0")
	require.NoError(t, err)
	require.NoError(t, f.s.Delete(t.Context(), "1.3.0"))
	entries := f.auditor.Entries()
	facts := func(status Status, isDefault bool, version string) map[string]any {
		return map[string]any{
			"image_ref": "galaxy/engine:" + version, "status": status, "is_default": isDefault, "notes": "",
			"prefetch": PrefetchNone,
		}
	}
	require.Equal(t, "engine_version:1.2.3", entries[0].Target)
	require.Nil(t, entries[0].Before)
	require.Equal(t, facts(Active, true, "1.2.3"), entries[0].After)
	require.Equal(t, facts(Active, false, "1.3.0"), entries[2].Before)
	require.Equal(t, facts(Deprecated, false, "1.3.0"), entries[2].After)
	require.Equal(t, facts(Deprecated, false, "1.3.0"), entries[3].Before)
	require.Nil(t, entries[3].After)
}
