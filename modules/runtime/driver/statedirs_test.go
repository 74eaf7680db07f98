package driver_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func newDirs(t *testing.T) (dirs *driver.StateDirs, root string, game uuid.UUID) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "state")
	return driver.NewStateDirs(root), root, uuid.Must(uuid.NewV7())
}

func TestStateDirectoryBelongsToTheEnginesUser(t *testing.T) {
	t.Parallel()
	dirs, root, game := newDirs(t)

	dir, err := dirs.Ensure(game)

	require.NoError(t, err)
	require.Equal(t, filepath.Join(root, game.String()), dir)
	info, err := os.Lstat(dir)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
	st := info.Sys().(*syscall.Stat_t)
	require.Equal(t, dirs.Owner(), strconv.Itoa(int(st.Uid))+":"+strconv.Itoa(int(st.Gid)))
	require.False(t, strings.HasPrefix(dirs.Owner(), "0:"), "an engine never runs as root")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries, "the probe leaves nothing behind")
	again, err := dirs.Ensure(game)
	require.NoError(t, err)
	require.Equal(t, dir, again)
}

func TestPlantedLinkIsRefusedAndItsTargetUntouched(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"outside", "another game"} {
		dirs, root, game := newDirs(t)
		target := t.TempDir()
		if where == "another game" {
			other, err := dirs.Ensure(uuid.Must(uuid.NewV7()))
			require.NoError(t, err)
			target = other
		}
		require.NoError(t, os.MkdirAll(root, 0o755))
		require.NoError(t, os.Symlink(target, filepath.Join(root, game.String())))

		_, err := dirs.Ensure(game)

		require.ErrorIs(t, err, driver.ErrState, where)
		require.ErrorIs(t, dirs.CopyAside(t.Context(), game, "patch"), driver.ErrState, where)
		entries, err := os.ReadDir(target)
		require.NoError(t, err)
		require.Empty(t, entries)
	}
}

func TestPlantedProbeIsNotWrittenThrough(t *testing.T) {
	t.Parallel()
	dirs, _, game := newDirs(t)
	dir, err := dirs.Ensure(game)
	require.NoError(t, err)
	victim := filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
	require.NoError(t, os.Symlink(victim, filepath.Join(dir, ".probe")))

	_, err = dirs.Ensure(game)

	require.NoError(t, err)
	got, err := os.ReadFile(victim)
	require.NoError(t, err)
	require.Equal(t, "precious", string(got))
}

func TestFileInPlaceOfTheDirectoryIsRefused(t *testing.T) {
	t.Parallel()
	dirs, root, game := newDirs(t)
	require.NoError(t, os.MkdirAll(root, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, game.String()), nil, 0o600))

	_, err := dirs.Ensure(game)
	require.ErrorIs(t, err, driver.ErrState)
	_, err = dirs.Ensure(uuid.Nil)
	require.ErrorIs(t, err, driver.ErrState)
}

func TestCopyIsPutBackWithOwnersAndModes(t *testing.T) {
	t.Parallel()
	dirs, _, game := newDirs(t)
	ctx := t.Context()
	dir, err := dirs.Ensure(game)
	require.NoError(t, err)
	write(t, dir, "turns/000012/state.json", "twelve")
	require.NoError(t, dirs.CopyAside(ctx, game, "patch-1"))
	write(t, dir, "turns/000012/state.json", "broken by the new version")
	write(t, dir, "turns/000013/state.json", "should not be")

	for range 2 { // it may be repeated
		require.NoError(t, dirs.PutBack(ctx, game, "patch-1"))

		require.Equal(t, "twelve", read(t, dir, "turns/000012/state.json"))
		require.NoDirExists(t, filepath.Join(dir, "turns/000013"))
		info, err := os.Stat(filepath.Join(dir, "turns/000012/state.json"))
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o640), info.Mode().Perm())
		st := info.Sys().(*syscall.Stat_t)
		require.Equal(t, dirs.Owner(), strconv.Itoa(int(st.Uid))+":"+strconv.Itoa(int(st.Gid)))
	}
	require.NoError(t, dirs.DropAside(game, "patch-1"))
	require.NoError(t, dirs.DropAside(game, "patch-1"))
	require.ErrorIs(t, dirs.PutBack(ctx, game, "patch-1"), driver.ErrState)
	require.Equal(t, "twelve", read(t, dir, "turns/000012/state.json"), "a failed step leaves the state alone")
}

func TestRepeatedCopyKeepsWhatWasBeforeTheChange(t *testing.T) {
	t.Parallel()
	dirs, _, game := newDirs(t)
	dir, err := dirs.Ensure(game)
	require.NoError(t, err)
	write(t, dir, "turn", "before")
	require.NoError(t, dirs.CopyAside(t.Context(), game, "patch"))
	write(t, dir, "turn", "after")

	require.NoError(t, dirs.CopyAside(t.Context(), game, "patch"))

	require.NoError(t, dirs.PutBack(t.Context(), game, "patch"))
	require.Equal(t, "before", read(t, dir, "turn"))
}

func TestCopyCutShortIsNoCopy(t *testing.T) {
	t.Parallel()
	dirs, _, game := newDirs(t)
	dir, err := dirs.Ensure(game)
	require.NoError(t, err)
	write(t, dir, "turn", "12")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	require.ErrorIs(t, dirs.CopyAside(ctx, game, "patch"), context.Canceled)

	require.ErrorIs(t, dirs.PutBack(t.Context(), game, "patch"), driver.ErrState)
}

func TestLinkInsideTheStateIsNotCopied(t *testing.T) {
	t.Parallel()
	dirs, _, game := newDirs(t)
	dir, err := dirs.Ensure(game)
	require.NoError(t, err)
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "planted")))

	err = dirs.CopyAside(t.Context(), game, "patch")

	require.ErrorIs(t, err, driver.ErrState)
	require.ErrorContains(t, err, "planted")
}

func TestLabelOfACopyIsNoPath(t *testing.T) {
	t.Parallel()
	dirs, _, game := newDirs(t)
	for _, label := range []string{"", "..", "a/b", "../x", "A", strings.Repeat("a", 65)} {
		require.ErrorIs(t, dirs.CopyAside(t.Context(), game, label), driver.ErrState, label)
	}
}

func TestDeleteTakesTheCopiesAlong(t *testing.T) {
	t.Parallel()
	dirs, root, game := newDirs(t)
	_, err := dirs.Ensure(game)
	require.NoError(t, err)
	require.NoError(t, dirs.CopyAside(t.Context(), game, "patch"))

	require.NoError(t, dirs.Delete(game))
	require.NoError(t, dirs.Delete(game))

	require.NoDirExists(t, filepath.Join(root, game.String()))
	require.NoDirExists(t, filepath.Join(root, ".aside", game.String()))
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o640))
	if os.Geteuid() == 0 {
		require.NoError(t, os.Chown(path, 65532, 65532))
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return string(body)
}
