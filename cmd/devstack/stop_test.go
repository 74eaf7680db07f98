package main

import (
	"bytes"
	"context"
	"errors"
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
	s.onStop("two", time.Second, func(context.Context) error {
		stopped = append(stopped, "two")
		return errors.New("is stuck")
	})
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
	build := func(context.Context) (binaries, error) { return binaries{}, errors.New("no compiler") }
	s := newStack(testConfig(reachable(t)), build, &bytes.Buffer{})
	require.EqualError(t, s.up(t.Context()), "programs: no compiler")
	require.Nil(t, s.postgres)
	require.NoError(t, s.down())
}
