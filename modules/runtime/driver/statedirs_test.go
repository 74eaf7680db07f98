package driver_test

import (
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

func TestRootThatCanBeWrittenIsMadeAndLeftEmpty(t *testing.T) {
	t.Parallel()
	dirs, root, _ := newDirs(t)

	require.NoError(t, dirs.CheckWritable())
	require.NoError(t, dirs.CheckWritable(), "a check may be repeated")

	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestRootThatIsNoDirectoryIsTold(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	dirs := driver.NewStateDirs(file)

	require.Error(t, dirs.CheckWritable())
	_, err := dirs.Ensure(uuid.Must(uuid.NewV7()))
	require.ErrorIs(t, err, driver.ErrState)
}

func TestWhatIsLeftOfAnEarlierCheckIsNoObstacle(t *testing.T) {
	t.Parallel()
	dirs, root, _ := newDirs(t)
	require.NoError(t, os.MkdirAll(root, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, ".probe"), []byte("x"), 0o600))

	require.NoError(t, dirs.CheckWritable())

	require.NoFileExists(t, filepath.Join(root, ".probe"))
}

// A directory in the place of the file that a check writes cannot be removed:
// whoever put it there wants checks to fail, and that is what they do.
func TestDirectoryThatCannotBeCheckedIsRefused(t *testing.T) {
	t.Parallel()
	dirs, _, game := newDirs(t)
	dir, err := dirs.Ensure(game)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".probe", "full"), 0o755))

	_, err = dirs.Ensure(game)

	require.ErrorIs(t, err, driver.ErrState)
	require.DirExists(t, filepath.Join(dir, ".probe", "full"))
}

func TestDirectoriesOfGamesAreApart(t *testing.T) {
	t.Parallel()
	dirs, _, game := newDirs(t)
	first, err := dirs.Ensure(game)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(first, "turn"), []byte("12"), 0o600))

	second, err := dirs.Ensure(uuid.Must(uuid.NewV7()))

	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.FileExists(t, filepath.Join(first, "turn"), "what a game has stays")
}
