package drivertest_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/driver/drivertest"
)

var errBroken = errors.New("broken")

func spec(game uuid.UUID, generation int64) driver.Spec {
	return driver.Spec{GameID: game, Version: "1.2.3", Image: "galaxy/engine:1.2.3", Generation: generation}
}

func ensure(t *testing.T, f *drivertest.Fake, s driver.Spec) driver.Observed {
	t.Helper()
	o, err := f.Ensure(t.Context(), s)
	require.NoError(t, err)
	require.Equal(t, driver.PhaseRunning, o.Phase)
	return o
}

func TestTheFakeMakesOneEnginePerGeneration(t *testing.T) {
	t.Parallel()
	f, game := drivertest.NewFake(), uuid.New()
	first := ensure(t, f, spec(game, 1))
	require.Equal(t, first, ensure(t, f, spec(game, 1)), "what runs is adopted")
	_, err := f.Ensure(t.Context(), spec(game, 2))
	require.ErrorIs(t, err, driver.ErrConflict)
	require.NoError(t, f.Stop(t.Context(), game, time.Second))
	require.Equal(t, first.ContainerID, ensure(t, f, spec(game, 1)).ContainerID, "a stopped engine is started again")
	require.NoError(t, f.Stop(t.Context(), game, time.Second))
	require.NotEqual(t, first.ContainerID, ensure(t, f, spec(game, 2)).ContainerID, "and replaced by another one")
	require.Equal(t, 2, f.Made())
	require.Len(t, f.Engines(), 1)
}

func TestTheFakeTakesWhatIsAbsentForDone(t *testing.T) {
	t.Parallel()
	f, game := drivertest.NewFake(), uuid.New()
	for range 2 {
		require.NoError(t, f.Stop(t.Context(), game, time.Second))
		require.NoError(t, f.Remove(t.Context(), game))
	}
	o, err := f.Inspect(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, driver.Observed{GameID: game, Phase: driver.PhaseAbsent}, o)
	_, err = f.Logs(t.Context(), game, 1)
	require.ErrorIs(t, err, driver.ErrNotFound)
	_, err = f.Stats(t.Context(), game)
	require.ErrorIs(t, err, driver.ErrNotFound)
	_, err = f.DialContext(t.Context(), "tcp", driver.Name(game)+":8080")
	require.ErrorIs(t, err, driver.ErrNotFound)
}

func TestTheFakeShowsWhatWasChangedBehindItsBack(t *testing.T) {
	t.Parallel()
	f, game := drivertest.NewFake(), uuid.New()
	ensure(t, f, spec(game, 1))
	f.Change(game, func(o *driver.Observed) { o.Phase, o.ExitCode = driver.PhaseExited, 3 })
	o, err := f.Inspect(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, 3, o.ExitCode)
	require.Zero(t, ensure(t, f, spec(game, 1)).ExitCode)
	f.Change(game, func(o *driver.Observed) { o.Foreign = true })
	_, err = f.Ensure(t.Context(), spec(game, 1))
	require.ErrorIs(t, err, driver.ErrForeign)
	f.Lose(game)
	all, err := f.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, all)
	require.Empty(t, f.Engine(game).Phase)
}

func TestTheFakeFailsTheCallsItIsToldTo(t *testing.T) {
	t.Parallel()
	f, game := drivertest.NewFake(), uuid.New()
	f.Fail(errBroken, "ensure", "pull")
	_, err := f.Ensure(t.Context(), spec(game, 1))
	require.ErrorIs(t, err, errBroken)
	require.Empty(t, f.Engines(), "a call that fails does nothing")
	_, err = f.Pull(t.Context(), "galaxy/engine:1", driver.PullAlways)
	require.ErrorIs(t, err, errBroken)
	require.NoError(t, f.Remove(t.Context(), game))
	f.Fail(nil)
	ensure(t, f, spec(game, 1))
	require.Equal(t, 2, f.Calls("ensure"))
}

func TestTheFakeLosesAnswers(t *testing.T) {
	t.Parallel()
	f, game := drivertest.NewFake(), uuid.New()
	f.After(func(op string, of uuid.UUID) error {
		require.Equal(t, game, of)
		require.Len(t, f.Engines(), 1, "a hook may ask the fake")
		return errBroken
	})
	_, err := f.Ensure(t.Context(), spec(game, 1))
	require.ErrorIs(t, err, errBroken)
	require.Equal(t, driver.PhaseRunning, f.Engine(game).Phase)
}

func TestTheFakesHintsReachWhoeverWatches(t *testing.T) {
	t.Parallel()
	f := drivertest.NewFake()
	ctx, cancel := context.WithCancel(t.Context())
	hints := f.Watch(ctx)
	want := driver.Hint{GameID: uuid.New(), Action: "die"}
	var wg sync.WaitGroup
	wg.Go(func() { f.Hint(want) })
	require.Equal(t, want, <-hints)
	wg.Wait()
	cancel()
	_, open := <-hints
	require.False(t, open)
}

func TestTheFakesPullsResultInWhatWasSet(t *testing.T) {
	t.Parallel()
	f := drivertest.NewFake()
	f.SetPull(driver.PullResult{Digest: "galaxy/engine@sha256:abc", Pulled: true})
	r, err := f.Pull(t.Context(), "galaxy/engine:1", driver.PullIfMissing)
	require.NoError(t, err)
	require.True(t, r.Pulled)
	require.Equal(t, 1, f.Calls("pull"))
}
