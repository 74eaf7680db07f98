package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func openTest(t *testing.T, cfg config) directory {
	t.Helper()
	d, err := openDirectory(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.close() })
	return d
}

func TestDirectoryLetsPostgresThroughAndNobodyLook(t *testing.T) {
	t.Parallel()
	d := openTest(t, testConfig(reachable(t)))
	info, err := os.Stat(d.root)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o711), info.Mode().Perm())
	require.True(t, filepath.IsAbs(d.root))
	games, err := os.Stat(d.path("games"))
	require.NoError(t, err)
	if os.Geteuid() == 0 {
		require.EqualValues(t, engineUID, games.Sys().(*syscall.Stat_t).Uid, "engines write there")
	}
}

func TestDirectoryIsTakenByOneAtATime(t *testing.T) {
	t.Parallel()
	cfg := testConfig(reachable(t))
	first := openTest(t, cfg)
	_, err := openDirectory(cfg)
	require.ErrorContains(t, err, "a stack is running on "+first.root+" already; -dir takes another directory")
	require.NoError(t, first.close())
	second := openTest(t, cfg)
	require.Equal(t, first.root, second.root, "what it holds stays when it is given back")
}

func TestDirectoryThatIsAFileIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := openDirectory(testConfig(file))
	require.ErrorContains(t, err, "make the directory")
}

func TestEphemeralDirectoriesAreApartAndGo(t *testing.T) {
	t.Parallel()
	cfg := config{Ephemeral: true}
	first, second := openTest(t, cfg), openTest(t, cfg)
	require.NotEqual(t, first.root, second.root)
	require.NoError(t, os.WriteFile(first.path("games", "x"), nil, 0o600))
	require.NoError(t, first.close())
	require.NoDirExists(t, first.root)
	require.DirExists(t, second.root)
}

func TestPasswordIsDrawnOnceAndReadByItsOwnerAlone(t *testing.T) {
	t.Parallel()
	d := openTest(t, testConfig(reachable(t)))
	drawn, err := d.password()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(drawn), 20)
	again, err := d.password()
	require.NoError(t, err)
	require.Equal(t, drawn, again)
	info, err := os.Stat(d.path("admin-password"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, os.WriteFile(d.path("admin-password"), []byte("of my own\n"), 0o600))
	own, err := d.password()
	require.NoError(t, err)
	require.Equal(t, "of my own", own)
	require.NoError(t, os.WriteFile(d.path("admin-password"), nil, 0o600))
	fresh, err := d.password()
	require.NoError(t, err)
	require.NotEmpty(t, fresh, "an empty file is no password")
}

func TestPasswordThatCannotBeReadIsTold(t *testing.T) {
	t.Parallel()
	d := openTest(t, testConfig(reachable(t)))
	require.NoError(t, os.Mkdir(d.path("admin-password"), 0o700))
	_, err := d.password()
	require.ErrorContains(t, err, "the operator's password")
}

func TestEndpointsArePublishedWholeUntilTheStackEnds(t *testing.T) {
	t.Parallel()
	d := openTest(t, testConfig(reachable(t)))
	want := endpoints{
		REST: "http://127.0.0.1:8080", Admin: operator{"admin", "s3cret"}, Engine: engine{Driver: driverProcess, Version: "0.1.0"},
	}
	require.NoError(t, d.publish(want))
	text, err := os.ReadFile(d.path(endpointsFile))
	require.NoError(t, err)
	var got endpoints
	require.NoError(t, json.Unmarshal(text, &got))
	require.Equal(t, want, got)
	info, err := os.Stat(d.path(endpointsFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "a password is in it")

	require.NoError(t, d.close())
	left, err := filepath.Glob(d.path(endpointsFile + "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestPostgresLiesElsewhereWhereItsUserCannotGo(t *testing.T) {
	t.Parallel()
	open := reachable(t)
	within, err := postgresDir(open)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(open, "postgres"), within)
	if os.Geteuid() != 0 {
		return // Postgres runs as this user, who can go everywhere here
	}
	closed := filepath.Join(filepath.Dir(open), "closed")
	require.NoError(t, os.Mkdir(closed, 0o700))
	first, err := postgresDir(filepath.Join(closed, "one"))
	require.NoError(t, err)
	second, err := postgresDir(filepath.Join(closed, "two"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(first, "/var/lib/galaxy-devstack/"))
	require.NotEqual(t, first, second, "each checkout has its own")
}
