package engineversion

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAVersionIsPlainSemver(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"1.2.3": true, "0.1.0": true, "1.2.3-rc.1": true, "10.20.30": true,
		"": false, "1": false, "1.2": false, "v1.2.3": false, "1.2.3+build": false, "01.2.3": false, " 1.2.3": false,
		"1.2.3-": false, "1.2.3\n": false, "latest": false, "1.2.3-" + strings.Repeat("a", 60): false,
		"1.2.99999999999999999999": false,
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
		"":                              false, "galaxy/engine": false, "--privileged": false, "a b": false, "../x": false,
		"Galaxy/Engine:1": false, "galaxy/engine@sha256:abc": false, "galaxy/engine:" + strings.Repeat("x", 129): false,
		"a:" + strings.Repeat("x", 1000): false, "http://x/y:1": false, "galaxy/engine:1;rm": false,
	} {
		require.Equal(t, good, checkImage(text) == nil, text)
	}
}

func TestVersionsAreOrderedByPrecedenceAndNotBySpelling(t *testing.T) {
	t.Parallel()
	var all []Version
	for _, name := range []string{"1.9.0", "1.10.0-rc.1", "2.0.0-alpha", "1.10.0", "0.1.0", "1.10.0-rc.10",
		"1.10.0-rc.9"} {
		all = append(all, Version{Version: name})
	}
	slices.SortFunc(all, newestFirst)
	var names []string
	for _, v := range all {
		names = append(names, v.Version)
	}
	require.Equal(t, []string{"2.0.0-alpha", "1.10.0", "1.10.0-rc.10", "1.10.0-rc.9", "1.10.0-rc.1", "1.9.0", "0.1.0"},
		names)
}

// before is an active version whose image was pulled ahead.
func before() Version {
	pulled := noon
	return Version{
		Version: "1.2.3", ImageRef: "galaxy/engine:1.2.3", Digest: "galaxy/engine@sha256:abc", Status: Active, Notes: "first",
		Prefetch: PrefetchDone, PrefetchedAt: &pulled, Revision: 7,
	}
}

func TestAPatchChangesWhatItNames(t *testing.T) {
	t.Parallel()
	notes, empty, blocked := "second", "", Blocked
	same, other := before().ImageRef, "galaxy/engine:1.2.3-hotfix"
	for _, row := range []struct {
		name  string
		patch Patch
		want  func(*Version)
	}{
		{"nothing", Patch{}, func(*Version) {}},
		{"nothing of the expected revision", Patch{Revision: 7}, func(*Version) {}},
		{"notes", Patch{Notes: &notes}, func(v *Version) { v.Notes = "second" }},
		{"no notes", Patch{Notes: &empty}, func(v *Version) { v.Notes = "" }},
		{"status", Patch{Status: &blocked}, func(v *Version) { v.Status = Blocked }},
		{"the same image", Patch{ImageRef: &same}, func(*Version) {}},
		{"another image, which was never pulled", Patch{ImageRef: &other}, func(v *Version) {
			v.ImageRef, v.Digest, v.Prefetch, v.PrefetchedAt = other, "", PrefetchNone, nil
		}},
	} {
		got, want := before(), before()
		row.want(&want)
		require.NoError(t, row.patch.apply(&got), row.name)
		require.Equal(t, want, got, row.name)
	}
}

func TestAPatchIsRefused(t *testing.T) {
	t.Parallel()
	unusable, deprecated, active := "galaxy/engine", Deprecated, Active
	isDefault := before()
	isDefault.IsDefault = true
	for _, row := range []struct {
		name    string
		version Version
		patch   Patch
		want    error
	}{
		{"meant for an older revision", before(), Patch{Revision: 6}, ErrRevisionMismatch},
		{"meant for no revision of ours", before(), Patch{Revision: -1}, ErrRevisionMismatch},
		{"an image without a tag", before(), Patch{ImageRef: &unusable}, ErrInvalidImage},
		{"a default that starts no games", isDefault, Patch{Status: &deprecated}, ErrIsDefault},
		{"a default that stays active", isDefault, Patch{Status: &active}, nil},
	} {
		err := row.patch.apply(&row.version)
		require.ErrorIs(t, err, row.want, row.name)
	}
}
