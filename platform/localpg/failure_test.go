package localpg

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// stopped is a server that has only left a log.
func stopped(t *testing.T, log string) *Server {
	t.Helper()
	dir := t.TempDir()
	if log != "" {
		require.NoError(t, os.WriteFile(filepath.Join(dir, logFile), []byte(log), 0o600))
	}
	return &Server{cluster: &cluster{dir: dir}, port: 5433}
}

func TestFailedStartSaysWhatPostgresSaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		log  string
		kind error
		want string
	}{
		"a port in use": {`LOG:  could not bind IPv4 address "127.0.0.1": Address already in use
FATAL:  could not create any TCP/IP sockets
`, ErrPortTaken, "port is in use: 5433"},
		"processes of a killed server": {`FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use
HINT:  Terminate any old server processes.
`, errStillStopping, "pre-existing shared memory block"},
		"the first of several failures": {"LOG:  starting\nFATAL:  data directory has wrong ownership\nFATAL:  later\n", nil,
			"postgres ended at once: data directory has wrong ownership"},
		"no failure of its own": {"LOG:  starting\nbroken pipe\n", nil, "postgres ended at once: broken pipe"},
		"no log at all":         {"", nil, "postgres ended at once: "},
	} {
		err := stopped(t, c.log).startError()
		require.ErrorContains(t, err, c.want, name)
		for _, kind := range []error{ErrPortTaken, errStillStopping} {
			if errors.Is(kind, c.kind) {
				require.ErrorIs(t, err, kind, name)
				continue
			}
			require.NotErrorIs(t, err, kind, name)
		}
	}
}

func TestServerWithoutAProcessFileCannotBeSignalled(t *testing.T) {
	t.Parallel()
	s := stopped(t, "")
	_, err := s.PID()
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, s.Signal(0), os.ErrNotExist)
	require.NoError(t, os.MkdirAll(filepath.Join(s.cluster.dir, dataDir), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(s.cluster.dir, dataDir, "postmaster.pid"), []byte("none\n"), 0o600))
	require.ErrorContains(t, s.Signal(0), "find the server's process")
}

func TestSleepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, sleep(ctx, time.Hour), context.Canceled)
	require.NoError(t, sleep(t.Context(), time.Millisecond))
}

func TestVersionOfAClusterIsReadFromItsFiles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"15\n": 15, "17": 17} {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, dataDir), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, dataDir, "PG_VERSION"), []byte(text), 0o600))
		major, made := majorOf(dir)
		require.True(t, made)
		require.Equal(t, want, major)
	}
	dir := t.TempDir()
	_, made := majorOf(dir)
	require.False(t, made, "nothing was made yet")
	require.NoError(t, os.Mkdir(filepath.Join(dir, dataDir), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, dataDir, "PG_VERSION"), []byte("x"), 0o600))
	_, made = majorOf(dir)
	require.False(t, made, "what cannot be read was not made whole")
}
