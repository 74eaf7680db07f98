package runtime

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/driver/drivertest"
)

// newDriverClient is a client of a fake driver, and what it logs.
func newDriverClient(t *testing.T) (*DriverClient, *drivertest.Fake, *observer.ObservedLogs) {
	t.Helper()
	m, err := newMetrics()
	require.NoError(t, err)
	fake := drivertest.NewFake()
	core, logs := observer.New(zap.InfoLevel)
	host := EngineHost{Driver: fake, Dirs: driver.NewStateDirs(t.TempDir())}
	return NewDriverClient(testConfig(), host, m, zap.New(core)), fake, logs
}

func TestAHungDriverCostsAWorkerNoLongerThanItsCall(t *testing.T) {
	t.Parallel()
	d, _, _ := newDriverClient(t)
	err := d.call(t.Context(), "inspect", time.Nanosecond, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	require.ErrorIs(t, err, driver.ErrUnavailable)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorContains(t, err, "inspect")
}

func TestAnErrorWithinTheTimeIsTheDriversOwn(t *testing.T) {
	t.Parallel()
	d, fake, _ := newDriverClient(t)
	fake.Fail(driver.ErrConflict, "ensure")
	_, _, err := d.launch(t.Context(), Record{GameID: uuid.New(), Version: "1.2.3", Generation: 1}, "galaxy/engine:1.2.3")
	require.ErrorIs(t, err, driver.ErrConflict)
	require.NotErrorIs(t, err, driver.ErrUnavailable)
}

func TestAShutdownDoesNotMakeTheDriverUnavailable(t *testing.T) {
	t.Parallel()
	d, _, logs := newDriverClient(t)
	ctx, stop := context.WithCancel(t.Context())
	err := d.call(ctx, "stop", time.Minute, func(ctx context.Context) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	})
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, driver.ErrUnavailable)
	require.Empty(t, logs.All())
}

func TestAnOutageIsLoggedOnce(t *testing.T) {
	t.Parallel()
	d, fake, logs := newDriverClient(t)
	inspect := func() { _, _ = d.inspect(t.Context(), uuid.New()) }
	messages := func() (out []string) {
		for _, line := range logs.TakeAll() {
			out = append(out, line.Message)
		}
		return out
	}
	inspect()
	require.Empty(t, messages())
	fake.Fail(fmt.Errorf("dial: %w", driver.ErrUnavailable), "inspect")
	for range 3 {
		inspect()
	}
	require.Equal(t, []string{"engine driver became unavailable"}, messages())
	fake.Fail(driver.ErrState, "inspect")
	for range 3 {
		inspect()
	}
	require.Equal(t, []string{"engine driver became available"}, messages(), "an error is an answer")
}

func TestAnEngineIsLaunchedWithinItsLimitsOnItsOwnDirectory(t *testing.T) {
	t.Parallel()
	d, fake, _ := newDriverClient(t)
	r := Record{GameID: uuid.New(), Version: "1.2.3", Generation: 4}
	seen, stateDir, err := d.launch(t.Context(), r, "galaxy/engine:1.2.3")
	require.NoError(t, err)
	require.DirExists(t, stateDir)
	require.Equal(t, driver.PhaseRunning, seen.Phase)
	require.EqualValues(t, 4, fake.Engine(r.GameID).Generation)

	spec := d.spec(r, "galaxy/engine:1.2.3", stateDir)
	require.NoError(t, spec.Validate())
	require.Equal(t, driver.Spec{
		GameID: r.GameID, Version: "1.2.3", Image: "galaxy/engine:1.2.3", Generation: 4, StateDir: stateDir,
		StateMount: "/var/lib/galaxy-game", User: d.dirs.Owner(), CPU: 1, Memory: 64 << 20, Pids: 64, LogDriver: "json-file",
	}, spec)
}

func TestALocalImageThatStandsInIsLogged(t *testing.T) {
	t.Parallel()
	d, fake, logs := newDriverClient(t)
	v := engineversion.Version{Version: "1.2.3", ImageRef: "galaxy/engine:1.2.3"}
	fake.SetPull(driver.PullResult{Pulled: true})
	_, err := d.pull(t.Context(), v)
	require.NoError(t, err)
	require.Empty(t, logs.All())
	fake.SetPull(driver.PullResult{Fallback: errBroken})
	_, err = d.pull(t.Context(), v)
	require.NoError(t, err)
	require.Equal(t, "1.2.3", logs.All()[0].ContextMap()["version"])
}

func TestEveryCallEndsInOneOfAFewOutcomes(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"ok": nil, "failed": errBroken, "unavailable": driver.ErrUnavailable, "image_unavailable": driver.ErrImageUnavailable,
		"config_invalid": driver.ErrConfigInvalid, "not_found": driver.ErrNotFound, "conflict": driver.ErrConflict,
		"foreign": driver.ErrForeign, "state": driver.ErrState,
	} {
		require.Equal(t, want, outcome(err))
		if err != nil {
			require.Equal(t, want, outcome(fmt.Errorf("ensure: %w", err)))
		}
	}
	require.Equal(t, "unavailable", outcome(errors.Join(driver.ErrState, driver.ErrUnavailable)),
		"nothing follows from it")
}
