package drivertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func otherRuns(t *testing.T, f Fixture) {
	e := f.other().NewEngine(t)
	theirs, game := e.Run(), e.Spec.GameID

	o, err := f.Driver.Inspect(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, driver.Observed{GameID: game, Name: driver.Name(game), Phase: driver.PhaseAbsent}, o)
	all, err := f.Driver.List(t.Context())
	require.NoError(t, err)
	for _, o := range all {
		require.NotEqual(t, theirs.ContainerID, o.ContainerID)
	}
	_, err = f.Driver.Ensure(t.Context(), e.Spec)
	require.ErrorIs(t, err, driver.ErrForeign)
	require.ErrorContains(t, err, game.String())
	require.ErrorContains(t, err, "belongs to the backend instance")
	require.NoError(t, f.Driver.Stop(t.Context(), game, time.Second))
	require.NoError(t, f.Driver.Remove(t.Context(), game))
	_, err = f.Driver.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
	require.ErrorIs(t, err, driver.ErrNotFound)
	_, err = f.Driver.Logs(t.Context(), game, 1)
	require.ErrorIs(t, err, driver.ErrNotFound)
	_, err = f.Driver.Stats(t.Context(), game)
	require.ErrorIs(t, err, driver.ErrNotFound)

	require.Equal(t, theirs.ContainerID, e.WaitFor(driver.PhaseRunning).ContainerID, "it still runs")
	_, err = e.Call("GET", "/healthz", "")
	require.NoError(t, err)
}

func otherStopped(t *testing.T, f Fixture) {
	e := f.other().NewEngine(t)
	theirs := e.Run()
	require.NoError(t, f.Other.Stop(t.Context(), e.Spec.GameID, 5*time.Second))
	e.WaitFor(driver.PhaseExited)

	_, err := f.Driver.Ensure(t.Context(), e.Spec)

	require.ErrorIs(t, err, driver.ErrForeign)
	require.NoError(t, f.Driver.Remove(t.Context(), e.Spec.GameID))
	require.Equal(t, theirs.ContainerID, e.WaitFor(driver.PhaseExited).ContainerID)
	e.Run()
}

func otherHints(t *testing.T, f Fixture) {
	theirs, ours := f.other().NewEngine(t), f.NewEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	hints := f.Driver.Watch(ctx)
	require.Equal(t, driver.Hint{}, <-hints)
	theirs.Run()
	require.NoError(t, f.Other.Stop(t.Context(), theirs.Spec.GameID, 5*time.Second))

	ours.Run()

	for h := range hints {
		require.NotEqual(t, theirs.Spec.GameID, h.GameID)
		if h.GameID == ours.Spec.GameID && h.Action == "start" {
			break
		}
	}
	cancel()
	for range hints { // until it is closed
	}
}
