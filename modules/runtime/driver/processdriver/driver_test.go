package processdriver_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/driver/drivertest"
	"galaxy/backend/modules/runtime/driver/processdriver"
	"galaxy/backend/platform/clock"
)

func TestDriverKeepsToThePort(t *testing.T) {
	drivertest.Run(t, newFixture(t).Fixture)
}

func TestBackendThatStartsAfreshAdoptsTheEngine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	first := e.Run()
	fresh := f.restarted(t)

	o, err := fresh.Ensure(t.Context(), e.Spec)

	require.NoError(t, err)
	require.Equal(t, first.ContainerID, o.ContainerID)
	conn, err := fresh.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, fresh.Stop(t.Context(), e.Spec.GameID, 5*time.Second))
	e.WaitFor(driver.PhaseExited)
	require.NoError(t, fresh.Close(t.Context()))
}

func TestEngineEndedByCloseIsNoCrash(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	e.Run()

	require.NoError(t, f.driver.Close(t.Context()))

	_, err := f.driver.Ensure(t.Context(), e.Spec)
	require.ErrorIs(t, err, driver.ErrUnavailable, "nothing starts once the driver is closed")
	fresh := f.restarted(t)
	o, err := fresh.Inspect(t.Context(), e.Spec.GameID)
	require.NoError(t, err)
	require.Equal(t, driver.PhaseCreated, o.Phase)
	require.NoError(t, fresh.Close(t.Context()))
}

func TestEngineDiesWithTheBackendAndCountsAsNoCrash(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	backend := f.anotherProcess(t, e.Spec)
	e.WaitHealthy()

	require.NoError(t, backend.Process.Kill())
	_ = backend.Wait()

	o := e.WaitFor(driver.PhaseCreated)
	pid, err := strconv.Atoi(o.ContainerID)
	require.NoError(t, err)
	require.NotZero(t, pid)
	_, err = f.driver.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
	require.ErrorIs(t, err, driver.ErrNotFound)
	e.Run()
}

func TestMissingProgramIsAMissingImage(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	d := processdriver.New(filepath.Join(root, "absent"), root, drivertest.NewInstance(), clock.System{}, zap.NewNop())
	b := drivertest.Fixture{Driver: d, Dirs: driver.NewStateDirs(root), Image: "galaxy-game:0.1.0"}
	e := b.NewEngine(t)

	_, err := d.Pull(t.Context(), b.Image, driver.PullAlways)
	require.ErrorIs(t, err, driver.ErrImageUnavailable)
	_, err = d.Ensure(t.Context(), e.Spec)
	require.ErrorIs(t, err, driver.ErrImageUnavailable)
	require.NoError(t, d.Close(t.Context()))
}

func TestFileThatIsNoProgramIsRefused(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	plain := filepath.Join(root, "plain")
	require.NoError(t, os.WriteFile(plain, []byte("text"), 0o600))
	d := processdriver.New(plain, root, drivertest.NewInstance(), clock.System{}, zap.NewNop())
	e := drivertest.Fixture{Driver: d, Dirs: driver.NewStateDirs(root), Image: "x"}.NewEngine(t)

	_, err := d.Pull(t.Context(), "x", driver.PullIfMissing)
	require.ErrorIs(t, err, driver.ErrImageUnavailable)
	_, err = d.Ensure(t.Context(), e.Spec)
	require.ErrorIs(t, err, driver.ErrConfigInvalid)
	require.NoError(t, d.Close(t.Context()))
}

func TestClosedDriverLeavesNothingBehind(t *testing.T) {
	f := newFixture(t)
	ignore := goleak.IgnoreCurrent()
	e := f.NewEngine(t)
	e.Run()

	require.NoError(t, f.driver.Close(t.Context()))

	goleak.VerifyNone(t, ignore)
}

// An engine that ignores the kernel's request outlives the backend. Nobody was
// there to see how it ended.
func TestAdoptedEngineThatEndsCountsAsNoCrash(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	e.Spec.Env = map[string]string{"IGNORE_TERM": "1"}
	backend := f.anotherProcess(t, e.Spec)
	e.WaitHealthy()
	require.NoError(t, backend.Process.Kill())
	_ = backend.Wait()
	o, err := f.driver.Ensure(t.Context(), e.Spec)
	require.NoError(t, err)
	pid, err := strconv.Atoi(o.ContainerID)
	require.NoError(t, err)

	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))

	o = e.WaitFor(driver.PhaseCreated)
	require.Zero(t, o.ExitCode)
	_, err = f.driver.Stats(t.Context(), e.Spec.GameID)
	require.ErrorIs(t, err, driver.ErrNotFound)
}

func TestAdoptedEngineIsKilledAfterTheGrace(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	e.Spec.Env = map[string]string{"IGNORE_TERM": "1"}
	backend := f.anotherProcess(t, e.Spec)
	e.WaitHealthy()
	require.NoError(t, backend.Process.Kill())
	_ = backend.Wait()
	begin := time.Now()

	require.NoError(t, f.driver.Stop(t.Context(), e.Spec.GameID, 200*time.Millisecond))

	require.GreaterOrEqual(t, time.Since(begin), 200*time.Millisecond)
	e.WaitFor(driver.PhaseCreated)
}

func TestCloseKillsWhatDoesNotEndInTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	e.Spec.Env = map[string]string{"IGNORE_TERM": "1"}
	e.Run()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()

	require.NoError(t, f.driver.Close(ctx))

	require.Equal(t, driver.PhaseCreated, e.WaitFor(driver.PhaseCreated).Phase, "it ended with the backend")
}

func TestEnginesOfAllGamesEndSideBySide(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 4 {
		e := f.NewEngine(t)
		e.Spec.Env = map[string]string{"IGNORE_TERM": "1"}
		e.Run()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	begin := time.Now()

	require.NoError(t, f.driver.Close(ctx))

	require.Less(t, time.Since(begin), 4*time.Second, "each would have taken nearly two by itself")
}

func TestQuotaOfProcessorsBoundsTheThreads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		quota float64
		want  string
	}{{0.1, "GOMAXPROCS=1"}, {1, "GOMAXPROCS=1"}, {2.5, "GOMAXPROCS=3"}} {
		f := newFixture(t)
		e := f.NewEngine(t)
		e.Spec.CPU = c.quota
		e.Run()
		facts, err := e.Call("GET", "/facts", "")
		require.NoError(t, err)
		require.Contains(t, facts, c.want, c.quota)
	}
}

func TestEnginesListenOnPortsOfTheirOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, second := f.NewEngine(t), f.NewEngine(t)
	first.Run()
	second.Run()

	for _, e := range []*drivertest.Engine{first, second} {
		facts, err := e.Call("GET", "/facts", "")
		require.NoError(t, err)
		require.Contains(t, facts, "ENGINE_GAME_ID="+e.Spec.GameID.String(), "each answers under its own name")
	}
}

func TestWatcherThatDoesNotReadHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	hints := f.driver.Watch(t.Context())
	e := f.NewEngine(t)
	for range cap(hints) { // each start and each end is a hint
		_, err := f.driver.Ensure(t.Context(), e.Spec)
		require.NoError(t, err)
		require.NoError(t, f.driver.Stop(t.Context(), e.Spec.GameID, 0))
	}

	require.Len(t, hints, cap(hints))
	require.Equal(t, driver.Hint{}, <-hints, "the first one asks for a look at everything")
}

func TestStateDirectoryThatIsMissingIsNotMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	require.NoError(t, os.Remove(e.Spec.StateDir))

	_, err := f.driver.Ensure(t.Context(), e.Spec)

	require.ErrorIs(t, err, driver.ErrConfigInvalid)
	require.NoDirExists(t, e.Spec.StateDir, "it would belong to nobody")
}

// unknownInstance is an installation whose database cannot be read.
type unknownInstance struct{}

func (unknownInstance) ID(context.Context) (uuid.UUID, error) { return uuid.Nil, driver.ErrUnavailable }

func TestNothingFollowsWhileTheInstanceIsUnknown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	first := e.Run()
	d, ctx, game := newDriver(t, f.root, unknownInstance{}), t.Context(), e.Spec.GameID
	for name, call := range map[string]func() error{
		"ensure":  func() error { _, err := d.Ensure(ctx, e.Spec); return err },
		"stop":    func() error { return d.Stop(ctx, game, time.Second) },
		"remove":  func() error { return d.Remove(ctx, game) },
		"inspect": func() error { _, err := d.Inspect(ctx, game); return err },
		"list":    func() error { _, err := d.List(ctx); return err },
		"dial":    func() error { _, err := d.DialContext(ctx, "tcp", e.Spec.Name()+":8080"); return err },
		"logs":    func() error { _, err := d.Logs(ctx, game, 1); return err },
		"stats":   func() error { _, err := d.Stats(ctx, game); return err },
	} {
		err := call()
		require.ErrorIs(t, err, driver.ErrUnavailable, name)
		require.NotErrorIs(t, err, driver.ErrNotFound, name)
	}
	require.Equal(t, first.ContainerID, e.WaitFor(driver.PhaseRunning).ContainerID)
}
