package localpg

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// install writes programs that answer --version as Postgres does.
func install(t *testing.T, root, version string) string {
	t.Helper()
	dir := filepath.Join(root, version, "bin")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
	for _, name := range []string{"postgres", "initdb"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
	}
	return dir
}

func TestNewestInstallationWins(t *testing.T) {
	root := t.TempDir()
	t.Setenv("PATH", "/usr/bin:/bin:"+install(t, root, "16.2"))
	newer := install(t, root, "18beta1")
	install(t, root, "9.6.24")

	got, err := newest(installed([]string{root + "/*/bin"}))
	require.NoError(t, err)
	require.Equal(t, Binaries{Dir: newer, Version: "18beta1", Major: 18}, got)
}

func TestTooOldIsAsGoodAsMissing(t *testing.T) {
	root := t.TempDir()
	t.Setenv("PATH", root)
	install(t, root, "14.11")
	_, err := newest(installed([]string{root + "/*/bin"}))
	require.ErrorIs(t, err, ErrMissing)
}

func TestClusterOfAnAbsentVersionIsNamed(t *testing.T) {
	_, err := FindMajor(3)
	require.EqualError(t, err, "no PostgreSQL 3 was found, which made this data directory")
}

func TestUnreachableDirectoryIsNamed(t *testing.T) {
	t.Parallel()
	closed := filepath.Join(t.TempDir(), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	other := Account{UID: 65533, GID: 65533, Name: "other"}
	require.ErrorContains(t, other.CheckAccess(filepath.Join(closed, "pg")), "the user other, which PostgreSQL runs as, cannot enter ")
	owner := Account{UID: os.Geteuid(), GID: os.Getegid()}
	require.NoError(t, owner.CheckAccess(filepath.Join(closed, "not", "yet", "there")))
}

func TestProgramThatIsNoPostgresIsPassedOver(t *testing.T) {
	root := t.TempDir()
	t.Setenv("PATH", "/usr/bin:/bin")
	good := install(t, root, "15.4")
	for name, script := range map[string]string{
		"silent": "#!/bin/sh\n", "failing": "#!/bin/sh\nexit 1\n", "wordy": "#!/bin/sh\necho 'postgres (PostgreSQL) unknown'\n",
	} {
		dir := install(t, root, name)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "postgres"), []byte(script), 0o755))
	}
	without := install(t, root, "18.1")
	require.NoError(t, os.Remove(filepath.Join(without, "initdb")), "it can run a cluster and not make one")

	require.Equal(t, []Binaries{{Dir: good, Version: "15.4", Major: 15}}, installed([]string{root + "/*/bin"}))
}

func TestVersionOfAPackageIsKeptAsItIsSaid(t *testing.T) {
	root := t.TempDir()
	t.Setenv("PATH", "/usr/bin:/bin")
	dir := install(t, root, "15.18 (Debian 15.18-0+deb12u1)")

	found := installed([]string{root + "/*/bin"})

	require.Equal(t, []Binaries{{Dir: dir, Version: "15.18 (Debian 15.18-0+deb12u1)", Major: 15}}, found)
}

func TestLinkInThePathIsFollowedToItsInstallation(t *testing.T) {
	root, links := t.TempDir(), t.TempDir()
	dir := install(t, root, "16.2")
	require.NoError(t, os.Symlink(filepath.Join(dir, "postgres"), filepath.Join(links, "postgres")))
	t.Setenv("PATH", links+":/usr/bin:/bin")

	found := installed([]string{root + "/*/bin"})

	require.Equal(t, []Binaries{{Dir: dir, Version: "16.2", Major: 16}}, found, "once, although it is found twice")
}
