package localpg

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServerNeverRunsAsRoot(t *testing.T) {
	t.Parallel()
	account, err := Unprivileged()
	require.NoError(t, err)
	require.NotZero(t, account.UID)
	if os.Geteuid() != 0 {
		require.Equal(t, Account{UID: os.Geteuid(), GID: os.Getegid(), Name: strconv.Itoa(os.Geteuid())}, account)
		require.Nil(t, account.credential(), "there is nobody else to become")
		return
	}
	require.Contains(t, []string{"postgres", "nobody"}, account.Name)
	require.Equal(t, &syscall.Credential{Uid: uint32(account.UID), Gid: uint32(account.GID)}, account.credential())
}

func TestOwnAccountChangesNoOwner(t *testing.T) {
	t.Parallel()
	self := Account{UID: os.Geteuid(), GID: os.Getegid()}
	require.Nil(t, self.credential())
	require.NoError(t, self.chown(filepath.Join(t.TempDir(), "absent")), "it owns what it makes")
}

func TestMissingPathCannotBeGivenAway(t *testing.T) {
	t.Parallel()
	other := Account{UID: 65533, GID: 65533, other: true}
	require.ErrorIs(t, other.chown(filepath.Join(t.TempDir(), "absent")), os.ErrNotExist)
}

func TestDirectoryIsEnteredByItsOwnersGroupsAndOthersBits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode     os.FileMode
		uid, gid int // of the account, beside the directory's own
		want     bool
	}{
		{0o700, 0, 0, true}, {0o600, 0, 0, false}, {0o011, 0, 0, false}, // the owner, for whom group and others do not count
		{0o710, 1, 0, true}, {0o701, 1, 0, false}, // the group
		{0o701, 1, 1, true}, {0o770, 1, 1, false}, // everybody else
	} {
		dir := filepath.Join(t.TempDir(), "dir")
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.Chmod(dir, c.mode))
		info, err := os.Stat(dir)
		require.NoError(t, err)
		account := Account{UID: os.Geteuid() + c.uid, GID: os.Getegid() + c.gid}
		require.Equal(t, c.want, account.canEnter(info), "%+v", c)
	}
}

func TestDirectoryAboveIsLookedAtWhateverIsBelow(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed")
	require.NoError(t, os.MkdirAll(filepath.Join(closed, "open"), 0o755))
	require.NoError(t, os.Chmod(closed, 0o700))
	other := Account{UID: 65533, GID: 65533, Name: "other"}
	require.ErrorContains(t, other.CheckAccess(filepath.Join(closed, "open", "pg")), closed)
}

func TestPathBelowAFileCannotBeReached(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	self := Account{UID: os.Geteuid(), GID: os.Getegid()}
	require.Error(t, self.CheckAccess(filepath.Join(file, "pg", "data")))
}
