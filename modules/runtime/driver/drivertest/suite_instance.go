package drivertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

func otherRuns(t *testing.T, b Bench) {
	e := b.other().NewEngine(t)
	theirs, game := e.Run(), e.Spec.GameID

	o, err := b.Driver.Inspect(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, driver.Observed{GameID: game, Name: driver.Name(game), Phase: driver.PhaseAbsent}, o)
	all, err := b.Driver.List(t.Context())
	require.NoError(t, err)
	for _, o := range all {
		require.NotEqual(t, theirs.ContainerID, o.ContainerID)
	}
	_, err = b.Driver.Ensure(t.Context(), e.Spec)
	require.ErrorIs(t, err, driver.ErrForeign)
	require.ErrorContains(t, err, game.String())
	require.ErrorContains(t, err, "belongs to the backend instance")
	require.NoError(t, b.Driver.Stop(t.Context(), game, time.Second))
	require.NoError(t, b.Driver.Remove(t.Context(), game))
	_, err = b.Driver.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
	require.ErrorIs(t, err, driver.ErrNotFound)
	_, err = b.Driver.Logs(t.Context(), game, 1)
	require.ErrorIs(t, err, driver.ErrNotFound)
	_, err = b.Driver.Stats(t.Context(), game)
	require.ErrorIs(t, err, driver.ErrNotFound)

	require.Equal(t, theirs.ContainerID, e.Becomes(driver.PhaseRunning).ContainerID, "it still runs")
	_, err = e.Call("GET", "/healthz", "")
	require.NoError(t, err)
}

func otherStopped(t *testing.T, b Bench) {
	e := b.other().NewEngine(t)
	theirs := e.Run()
	require.NoError(t, b.Other.Stop(t.Context(), e.Spec.GameID, 5*time.Second))
	e.Becomes(driver.PhaseExited)

	_, err := b.Driver.Ensure(t.Context(), e.Spec)

	require.ErrorIs(t, err, driver.ErrForeign)
	require.NoError(t, b.Driver.Remove(t.Context(), e.Spec.GameID))
	require.Equal(t, theirs.ContainerID, e.Becomes(driver.PhaseExited).ContainerID)
	e.Run()
}

func otherHints(t *testing.T, b Bench) {
	theirs, ours := b.other().NewEngine(t), b.NewEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	hints := b.Driver.Watch(ctx)
	require.Equal(t, driver.Hint{}, <-hints)
	theirs.Run()
	require.NoError(t, b.Other.Stop(t.Context(), theirs.Spec.GameID, 5*time.Second))

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
