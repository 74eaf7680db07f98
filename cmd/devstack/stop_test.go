package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPartsStopInTheReverseOrderWhateverFails(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := newStack(config{}, nil, &out)
	var stopped []string
	s.onStop("one", time.Second, func(context.Context) error { stopped = append(stopped, "one"); return nil })
	s.onStop("two", time.Second, func(context.Context) error { stopped = append(stopped, "two"); return errors.New("is stuck") })
	s.onStop("three", time.Millisecond, func(ctx context.Context) error {
		stopped = append(stopped, "three")
		<-ctx.Done()
		return ctx.Err()
	})

	err := s.down()

	require.Equal(t, []string{"three", "two", "one"}, stopped)
	require.ErrorContains(t, err, "stop three: context deadline exceeded")
	require.ErrorContains(t, err, "stop two: is stuck")
	require.Equal(t, "one stopped", strings.Join(strings.Fields(out.String()), " "), "what failed has not stopped")
	require.NoError(t, s.down(), "nothing stops twice")
}

func TestStepThatFailsIsNamedAndTheNextDoesNotBegin(t *testing.T) {
	t.Parallel()
	s := newStack(testConfig(reachable(t)), func(context.Context) (binaries, error) { return binaries{}, errors.New("no compiler") }, &bytes.Buffer{})
	require.EqualError(t, s.up(t.Context()), "programs: no compiler")
	require.Nil(t, s.postgres)
	require.NoError(t, s.down())
}

func TestOnlyAPipeEndsAStackByClosing(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, untilClosed(t.Context(), file).Err(), "a terminal or a file that ends says nothing")

	read, write, err := os.Pipe()
	require.NoError(t, err)
	ctx := untilClosed(t.Context(), read)
	require.NoError(t, ctx.Err())
	require.NoError(t, write.Close())
	<-ctx.Done()
}

func TestLastLinesOfTheLogAreQuoted(t *testing.T) {
	t.Parallel()
	s := &stack{dir: directory{root: t.TempDir()}}
	require.Equal(t, "it said nothing", s.lastLogLines())
	require.NoError(t, os.WriteFile(s.dir.path("backend.log"), []byte("1\n2\n3\n4\n5\n6\n7\n"), 0o600))
	require.Equal(t, "see "+s.dir.path("backend.log")+"\n3\n4\n5\n6\n7", s.lastLogLines())
}

func TestSettingsFollowTheDriver(t *testing.T) {
	t.Parallel()
	s := newFixture(t, testConfig(reachable(t)), "on").stack
	settings := s.settings()
	require.Equal(t, driverProcess, settings["BACKEND_RUNTIME_DRIVER"])
	require.Equal(t, "/no/engine", settings["BACKEND_RUNTIME_ENGINE_BINARY"])
	require.NotContains(t, settings, "BACKEND_DOCKER_HOST")
	for name, value := range settings {
		if strings.HasSuffix(name, "_LISTEN_ADDR") {
			require.True(t, strings.HasPrefix(value, "127.0.0.1:"), "%s: everything listens on this machine alone", name)
		}
	}

	s.engines.driver, s.engines.host = driverDocker, "unix:///d.sock"
	settings = s.settings()
	require.Equal(t, "unix:///d.sock", settings["BACKEND_DOCKER_HOST"])
	require.NotContains(t, settings, "BACKEND_RUNTIME_ENGINE_BINARY")
}
