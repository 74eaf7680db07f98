package subprocess_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"galaxy/backend/platform/subprocess"
)

const helperEnv = "GALAXY_TEST_SUBPROCESS_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) == "slow" {
		interrupted := make(chan os.Signal, 1)
		signal.Notify(interrupted, syscall.SIGINT)
		<-interrupted // is lost, as one that comes before the program listens
		<-interrupted
		os.Exit(3)
	}
	if os.Getenv(helperEnv) != "" {
		_, err := subprocess.Start(subprocess.Options{Signal: syscall.SIGTERM, Stdout: os.Stdout}, "/bin/sh", "-c", "echo $$; exec sleep 600")
		if err != nil {
			panic(err)
		}
		select {} // until the test kills this process
	}
	goleak.VerifyTestMain(m)
}

// started runs a shell script and returns once it has said a line.
func started(t *testing.T, o subprocess.Options, script string) (*subprocess.Process, *bufio.Reader) {
	t.Helper()
	out, in := io.Pipe()
	o.Stdout = in
	p, err := subprocess.Start(o, "/bin/sh", "-c", script)
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close(); _ = p.Stop(context.Background()) })
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "up\n", line)
	return p, lines
}

func TestStopSendsTheSignalAndWaits(t *testing.T) {
	t.Parallel()
	p, lines := started(t, subprocess.Options{Signal: syscall.SIGTERM}, "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done")
	go p.Terminate()
	line, err := lines.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "bye\n", line)
	require.NoError(t, p.Stop(t.Context()))
	require.NoError(t, p.Stop(t.Context()), "stopping twice is fine")
	var exit *exec.ExitError
	require.ErrorAs(t, p.Err(), &exit)
	require.Equal(t, 3, exit.ExitCode(), "the program's exit code is passed on")
}

func TestProgramThatIgnoresTheSignalIsKilled(t *testing.T) {
	t.Parallel()
	p, _ := started(t, subprocess.Options{Signal: syscall.SIGTERM}, "trap '' TERM; echo up; while :; do sleep 0.01; done")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, p.Stop(ctx), context.DeadlineExceeded)
}

func TestInterruptThatComesTooEarlyIsNotLost(t *testing.T) {
	t.Parallel()
	p, err := subprocess.Start(subprocess.Options{Signal: syscall.SIGINT, Env: append(os.Environ(), helperEnv+"=slow")}, os.Args[0])
	require.NoError(t, err)

	require.NoError(t, p.Stop(t.Context()))

	var exit *exec.ExitError
	require.ErrorAs(t, p.Err(), &exit)
	require.Equal(t, 3, exit.ExitCode())
}

func TestOtherSignalsAreSentOnce(t *testing.T) {
	t.Parallel()
	p, lines := started(t, subprocess.Options{Signal: syscall.SIGTERM},
		"trap 'echo asked' TERM; echo up; n=0; while [ $n -lt 50 ]; do sleep 0.01; n=$((n+1)); done; echo over")
	p.Terminate()
	var said []string
	for len(said) == 0 || said[len(said)-1] != "over" {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		said = append(said, strings.TrimSpace(line))
	}
	require.Equal(t, []string{"asked", "over"}, said)
}

func TestDirectoryIsRemovedWhenTheProgramEnds(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "gone")
	require.NoError(t, os.Mkdir(dir, 0o700))
	p, err := subprocess.Start(subprocess.Options{Signal: syscall.SIGTERM, Remove: dir}, "/bin/true")
	require.NoError(t, err)
	require.NoError(t, p.Err())
	_, err = os.Stat(dir)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestMissingProgramEndsAtOnce(t *testing.T) {
	t.Parallel()
	p, err := subprocess.Start(subprocess.Options{Signal: syscall.SIGTERM}, "/no/such/program")
	require.NoError(t, err)
	var exit *exec.ExitError
	require.ErrorAs(t, p.Err(), &exit)
	require.Equal(t, 127, exit.ExitCode())
}

func TestProgramDiesWithTheProcessThatStartedIt(t *testing.T) {
	t.Parallel()
	helper := exec.CommandContext(t.Context(), os.Args[0])
	helper.Env = append(os.Environ(), helperEnv+"=1")
	out, err := helper.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, helper.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, 0), "it runs")

	require.NoError(t, helper.Process.Kill())
	_ = helper.Wait() // killed
	require.Eventually(t, func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }, 10*time.Second, 5*time.Millisecond)
}
