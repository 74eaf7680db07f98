package engineversion

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuestionsAreAnsweredFromMemoryNewestFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.10.0", "1.9.0")
	require.NoError(t, f.s.Warm(t.Context()))
	before := f.db.Traffic()
	all, err := f.s.Versions(t.Context())
	require.NoError(t, err)
	var names []string
	for _, v := range all {
		names = append(names, v.Version)
		require.NoError(t, f.s.StartableVersion(t.Context(), v.Version))
		require.NoError(t, f.s.RestartableVersion(t.Context(), v.Version))
	}
	require.Equal(t, "1.2.3", f.defaultVersion())
	_, err = f.s.Version(t.Context(), "9.9.9")
	require.ErrorIs(t, err, ErrNotFound)
	require.Equal(t, before, f.db.Traffic())
	require.Equal(t, []string{"1.10.0", "1.9.0", "1.2.3"}, names)
}

func TestAWarmUpThatCannotReadFails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	require.ErrorContains(t, f.s.Warm(cancelled(t)), "warm the engine versions")
}

func TestWhatWasRolledBackIsNeverSeen(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.register("1.2.3", "1.3.0")
	require.NoError(t, f.s.Warm(t.Context()))
	f.auditor.Fail(errBroken)
	blocked := Blocked
	for what, change := range map[string]func() error{
		"patch":    func() error { _, err := f.s.Patch(t.Context(), "1.3.0", Patch{Status: &blocked}); return err },
		"default":  func() error { _, err := f.s.SetDefault(t.Context(), "1.3.0"); return err },
		"prefetch": func() error { _, err := f.s.QueuePrefetch(t.Context(), "1.3.0"); return err },
		"delete":   func() error { return f.s.Delete(t.Context(), "1.3.0") },
	} {
		require.ErrorIs(t, change(), errBroken, what)
		v, err := f.s.Version(t.Context(), "1.3.0")
		require.NoError(t, err, what)
		require.Equal(t, f.version("1.3.0"), v, what)
		require.Equal(t, Active, v.Status, what)
		require.Equal(t, "1.2.3", f.defaultVersion(), what)
	}
	require.False(t, f.signalled(), "a prefetch that was rolled back wakes nobody")
}
