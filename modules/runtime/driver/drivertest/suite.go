package drivertest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/modules/runtime/driver"
)

// Run holds a driver against the port.
func Run(t *testing.T, f Fixture) {
	for name, test := range map[string]func(*testing.T, Fixture){
		"EnsureAdoptsWhatRuns":                      ensureAdopts,
		"ConcurrentCallsMakeOneEngine":              ensureOnce,
		"AnotherGenerationThatRunsIsAConflict":      conflict,
		"StoppedEngineIsReplacedAndKeepsItsState":   stateSurvives,
		"AbsentEngineIsNoObstacle":                  absent,
		"StopAsksFirst":                             stopAsks,
		"StopKillsAfterTheGrace":                    stopKills,
		"StopCutShortIsUnavailable":                 stopCutShort,
		"CrashKeepsItsExitCodeAndMayStartAgain":     crash,
		"RemoveEndsWhatRunsAndKeepsTheState":        remove,
		"ListShowsEveryEngine":                      list,
		"WatchBeginsWithALookAtAllAndHintsOfACrash": watch,
		"OnlyEnginesAreDialled":                     dial,
		"LogsAndStatsAreRead":                       logsAndStats,
		"EngineSeesNothingOfTheBackend":             environment,
		"UnusableSpecIsRefused":                     invalid,
		"ImageIsMadeAvailable":                      pull,
		"RunningEngineOfAnotherInstanceIsIgnored":   otherRuns,
		"StoppedEngineOfAnotherInstanceStays":       otherStopped,
		"AnotherInstanceCausesNoHints":              otherHints,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, f)
		})
	}
}

func ensureAdopts(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	first := e.Run()

	again, err := f.Driver.Ensure(t.Context(), e.Spec)

	require.NoError(t, err)
	require.Equal(t, first.ContainerID, again.ContainerID)
	require.Equal(t, driver.PhaseRunning, again.Phase)
	require.Equal(t, e.Spec.GameID, again.GameID)
	require.Equal(t, "0.1.0", again.Version)
	require.Equal(t, f.Image, again.Image)
	require.EqualValues(t, 1, again.Generation)
	require.False(t, again.Foreign)
	require.WithinDuration(t, time.Now(), again.StartedAt, time.Minute)
}

func ensureOnce(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	ids := make([]string, 4)
	var wg sync.WaitGroup
	for i := range ids {
		wg.Go(func() {
			o, err := f.Driver.Ensure(t.Context(), e.Spec)
			if err == nil {
				ids[i] = o.ContainerID
			}
		})
	}
	wg.Wait()
	ids = slices.DeleteFunc(ids, func(id string) bool { return id == "" })
	require.NotEmpty(t, ids)
	require.Len(t, slices.Compact(ids), 1)
	e.Run()
}

func conflict(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	running := e.Run()
	next := e.Spec
	next.Generation = 2

	o, err := f.Driver.Ensure(t.Context(), next)

	require.ErrorIs(t, err, driver.ErrConflict)
	require.Equal(t, running.ContainerID, o.ContainerID)
	require.EqualValues(t, 1, o.Generation)
}

func stateSurvives(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	first := e.Run()
	_, err := e.Call("PUT", "/state", "turn 12")
	require.NoError(t, err)
	require.NoError(t, f.Driver.Stop(t.Context(), e.Spec.GameID, 5*time.Second))
	e.Spec.Generation, e.Spec.Version = 2, "0.1.1"

	second := e.Run()

	require.NotEqual(t, first.ContainerID, second.ContainerID)
	require.Equal(t, "0.1.1", second.Version)
	state, err := e.Call("GET", "/state", "")
	require.NoError(t, err)
	require.Equal(t, "turn 12", state)
}

func absent(t *testing.T, f Fixture) {
	game := uuid.Must(uuid.NewV7())
	o, err := f.Driver.Inspect(t.Context(), game)
	require.NoError(t, err)
	require.Equal(t, driver.PhaseAbsent, o.Phase)
	require.NoError(t, f.Driver.Stop(t.Context(), game, time.Second))
	require.NoError(t, f.Driver.Remove(t.Context(), game))
	_, err = f.Driver.Logs(t.Context(), game, 1)
	require.ErrorIs(t, err, driver.ErrNotFound)
	_, err = f.Driver.Stats(t.Context(), game)
	require.ErrorIs(t, err, driver.ErrNotFound)
}

func stopAsks(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	e.Run()
	require.NoError(t, f.Driver.Stop(t.Context(), e.Spec.GameID, 10*time.Second))

	o := e.WaitFor(driver.PhaseExited)

	require.Zero(t, o.ExitCode)
	require.False(t, o.OOMKilled)
	require.False(t, o.FinishedAt.IsZero())
	require.NoError(t, f.Driver.Stop(t.Context(), e.Spec.GameID, time.Second), "it has ended already")
}

func stopKills(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	e.Spec.Env = map[string]string{"IGNORE_TERM": "1"}
	e.Run()
	began := time.Now()

	require.NoError(t, f.Driver.Stop(t.Context(), e.Spec.GameID, time.Second))

	require.GreaterOrEqual(t, time.Since(began), time.Second)
	o := e.WaitFor(driver.PhaseExited)
	require.Equal(t, 137, o.ExitCode)
}

func stopCutShort(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	e.Spec.Env = map[string]string{"IGNORE_TERM": "1"}
	e.Run()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()

	require.ErrorIs(t, f.Driver.Stop(ctx, e.Spec.GameID, 2*time.Second), driver.ErrUnavailable)

	require.NoError(t, f.Driver.Stop(t.Context(), e.Spec.GameID, time.Second))
	e.WaitFor(driver.PhaseExited)
}

func crash(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	e.Run()
	_, err := e.Call("POST", "/exit?code=3", "")
	require.Error(t, err)
	o := e.WaitFor(driver.PhaseExited)
	require.Equal(t, 3, o.ExitCode)

	e.Run()

	o = e.WaitFor(driver.PhaseRunning)
	require.Zero(t, o.ExitCode)
}

func remove(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	e.Run()
	_, err := e.Call("PUT", "/state", "kept")
	require.NoError(t, err)

	require.NoError(t, f.Driver.Remove(t.Context(), e.Spec.GameID))

	require.Equal(t, driver.PhaseAbsent, e.WaitFor(driver.PhaseAbsent).Phase)
	e.Run()
	state, err := e.Call("GET", "/state", "")
	require.NoError(t, err)
	require.Equal(t, "kept", state)
}

func list(t *testing.T, f Fixture) {
	running, stopped := f.NewEngine(t), f.NewEngine(t)
	running.Run()
	stopped.Run()
	require.NoError(t, f.Driver.Stop(t.Context(), stopped.Spec.GameID, 5*time.Second))
	stopped.WaitFor(driver.PhaseExited)

	all, err := f.Driver.List(t.Context())

	require.NoError(t, err)
	phases := map[uuid.UUID]driver.Phase{}
	for _, o := range all {
		phases[o.GameID] = o.Phase
	}
	require.Equal(t, driver.PhaseRunning, phases[running.Spec.GameID])
	require.Equal(t, driver.PhaseExited, phases[stopped.Spec.GameID])
}

func watch(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	hints := f.Driver.Watch(ctx)
	require.Equal(t, driver.Hint{}, <-hints)
	e.Run()

	_, err := e.Call("POST", "/exit?code=1", "")

	require.Error(t, err)
	for h := range hints {
		if h.GameID == e.Spec.GameID && h.Action == "die" {
			break
		}
	}
	cancel()
	for range hints { // until it is closed
	}
}

func dial(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	e.Run()
	for _, addr := range []string{
		"127.0.0.1:8080", "localhost:5432", driver.Name(uuid.Must(uuid.NewV7())) + ":8080", e.Spec.Name() + ":22",
		"galaxy-game-:8080", "galaxy-game-" + e.Spec.GameID.URN() + ":8080", "x." + e.Spec.Name() + ":8080",
	} {
		_, err := f.Driver.DialContext(t.Context(), "tcp", addr)
		require.Error(t, err, addr)
	}
	require.NoError(t, f.Driver.Stop(t.Context(), e.Spec.GameID, 5*time.Second))
	_, err := f.Driver.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
	require.ErrorIs(t, err, driver.ErrNotFound)
}

func logsAndStats(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	e.Run()

	lines, err := f.Driver.Logs(t.Context(), e.Spec.GameID, 1)
	require.NoError(t, err)
	require.Len(t, lines, 1)
	require.Contains(t, lines[0], "started serve")
	s, err := f.Driver.Stats(t.Context(), e.Spec.GameID)
	require.NoError(t, err)
	require.Positive(t, s.Memory)
	require.Positive(t, s.Pids)
	require.WithinDuration(t, time.Now(), s.At, time.Minute)
}

func environment(t *testing.T, f Fixture) {
	e := f.NewEngine(t)
	e.Spec.Env = map[string]string{"ENGINE_LOG_LEVEL": "debug"}
	e.Run()

	facts, err := e.Call("GET", "/facts", "")

	require.NoError(t, err)
	require.NotContains(t, facts, "canary")
	require.NotContains(t, facts, "BACKEND_")
	require.Contains(t, facts, "ENGINE_GAME_ID="+e.Spec.GameID.String())
	require.Contains(t, facts, "ENGINE_LOG_LEVEL=debug")
	require.Contains(t, facts, "GOMEMLIMIT=")
}

func invalid(t *testing.T, f Fixture) {
	for name, spoil := range map[string]func(*driver.Spec){
		"no game":               func(s *driver.Spec) { s.GameID = uuid.Nil },
		"no image":              func(s *driver.Spec) { s.Image = "" },
		"another game's state":  func(s *driver.Spec) { s.StateDir += "/.." },
		"no such state":         func(s *driver.Spec) { s.StateDir = "/nonexistent/" + s.GameID.String() },
		"relative mount":        func(s *driver.Spec) { s.StateMount = "state" },
		"no memory":             func(s *driver.Spec) { s.Memory = 0 },
		"no CPU":                func(s *driver.Spec) { s.CPU = 0 },
		"no processes":          func(s *driver.Spec) { s.Pids = 0 },
		"relative state folder": func(s *driver.Spec) { s.StateDir = s.GameID.String() },
	} {
		e := f.NewEngine(t)
		spoil(&e.Spec)
		_, err := f.Driver.Ensure(t.Context(), e.Spec)
		require.ErrorIs(t, err, driver.ErrConfigInvalid, name)
	}
}

func pull(t *testing.T, f Fixture) {
	for _, policy := range []driver.PullPolicy{driver.PullIfMissing, driver.PullNever} {
		result, err := f.Driver.Pull(t.Context(), f.Image, policy)
		require.NoError(t, err)
		require.False(t, result.Pulled)
	}
}
