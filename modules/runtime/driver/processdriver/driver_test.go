package processdriver_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
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

// parentEnv makes the test binary a backend that starts an engine and waits to
// be killed.
const parentEnv = "GALAXY_TEST_PARENT"

func TestMain(m *testing.M) {
	if spec := os.Getenv(parentEnv); spec != "" {
		parent(spec)
	}
	os.Exit(drivertest.Main(m))
}

func newBench(t *testing.T) (drivertest.Bench, *processdriver.Driver, string) {
	t.Helper()
	root := t.TempDir()
	d := processdriver.New(drivertest.Program(t), root, clock.System{}, zap.NewNop())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, d.Close(ctx))
		require.NoError(t, d.Close(ctx), "closing twice is no error")
	})
	return drivertest.Bench{Driver: d, Dirs: driver.NewStateDirs(root), Image: "galaxy-game:0.1.0"}, d, root
}

func TestDriverKeepsToThePort(t *testing.T) {
	b, _, _ := newBench(t)
	drivertest.Run(t, b)
}

func TestBackendThatStartsAfreshAdoptsTheEngine(t *testing.T) {
	t.Parallel()
	b, _, root := newBench(t)
	e := b.NewEngine(t)
	first := e.Run()
	fresh := processdriver.New(drivertest.Program(t), root, clock.System{}, zap.NewNop())

	o, err := fresh.Ensure(t.Context(), e.Spec)

	require.NoError(t, err)
	require.Equal(t, first.ContainerID, o.ContainerID)
	conn, err := fresh.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, fresh.Stop(t.Context(), e.Spec.GameID, 5*time.Second))
	e.Becomes(driver.PhaseExited)
	require.NoError(t, fresh.Close(t.Context()))
}

func TestEngineEndedByCloseIsNoCrash(t *testing.T) {
	t.Parallel()
	b, d, root := newBench(t)
	e := b.NewEngine(t)
	e.Run()

	require.NoError(t, d.Close(t.Context()))

	_, err := d.Ensure(t.Context(), e.Spec)
	require.ErrorIs(t, err, driver.ErrUnavailable, "nothing starts once the driver is closed")
	fresh := processdriver.New(drivertest.Program(t), root, clock.System{}, zap.NewNop())
	o, err := fresh.Inspect(t.Context(), e.Spec.GameID)
	require.NoError(t, err)
	require.Equal(t, driver.PhaseCreated, o.Phase)
	require.NoError(t, fresh.Close(t.Context()))
}

func TestEngineDiesWithTheBackendAndCountsAsNoCrash(t *testing.T) {
	t.Parallel()
	b, d, root := newBench(t)
	e := b.NewEngine(t)
	body, err := json.Marshal(e.Spec)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentEnv+"="+string(body), "GALAXY_TEST_ROOT="+root, "GALAXY_TEST_PROGRAM="+drivertest.Program(t))
	require.NoError(t, cmd.Start())
	e.Becomes(driver.PhaseRunning)

	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	o := e.Becomes(driver.PhaseCreated)
	pid, err := strconv.Atoi(o.ContainerID)
	require.NoError(t, err)
	require.NotZero(t, pid)
	_, err = d.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
	require.ErrorIs(t, err, driver.ErrNotFound)
	e.Run()
}

func parent(text string) {
	var spec driver.Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		os.Exit(2)
	}
	d := processdriver.New(os.Getenv("GALAXY_TEST_PROGRAM"), os.Getenv("GALAXY_TEST_ROOT"), clock.System{}, zap.NewNop())
	if _, err := d.Ensure(context.Background(), spec); err != nil {
		os.Exit(3)
	}
	select {}
}

func TestNumberOfAnotherProcessIsNeitherCalledNorEnded(t *testing.T) {
	t.Parallel()
	b, d, root := newBench(t)
	e := b.NewEngine(t)
	other := exec.Command("sleep", "60")
	require.NoError(t, other.Start())
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	record := map[string]any{"game_id": e.Spec.GameID, "pid": other.Process.Pid, "identity": "another boot:1", "port": 1, "spec": e.Spec.Hash()}
	body, err := json.Marshal(record)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(root, ".process"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, ".process", e.Spec.GameID.String()+".json"), body, 0o600))

	require.NoError(t, d.Stop(t.Context(), e.Spec.GameID, time.Second))
	require.NoError(t, d.Remove(t.Context(), e.Spec.GameID))

	require.NoError(t, other.Process.Signal(syscall.Signal(0)), "it still runs")
}

func TestMissingProgramIsAMissingImage(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	d := processdriver.New(filepath.Join(root, "absent"), root, clock.System{}, zap.NewNop())
	b := drivertest.Bench{Driver: d, Dirs: driver.NewStateDirs(root), Image: "galaxy-game:0.1.0"}
	e := b.NewEngine(t)

	require.ErrorIs(t, d.Available(t.Context()), driver.ErrUnavailable)
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
	d := processdriver.New(plain, root, clock.System{}, zap.NewNop())
	e := drivertest.Bench{Driver: d, Dirs: driver.NewStateDirs(root), Image: "x"}.NewEngine(t)

	require.ErrorIs(t, d.Available(t.Context()), driver.ErrUnavailable)
	_, err := d.Ensure(t.Context(), e.Spec)
	require.ErrorIs(t, err, driver.ErrConfigInvalid)
	require.NoError(t, d.Close(t.Context()))
}

func TestBrokenRecordIsAnErrorAndNotAnAbsentEngine(t *testing.T) {
	t.Parallel()
	_, d, root := newBench(t)
	game := uuid.Must(uuid.NewV7())
	require.NoError(t, os.MkdirAll(filepath.Join(root, ".process"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(root, ".process", game.String()+".json"), []byte("{"), 0o600))

	_, err := d.Inspect(t.Context(), game)

	require.Error(t, err)
}

func TestClosedDriverLeavesNothingBehind(t *testing.T) {
	b, d, _ := newBench(t)
	ignore := goleak.IgnoreCurrent()
	e := b.NewEngine(t)
	e.Run()

	require.NoError(t, d.Close(t.Context()))

	goleak.VerifyNone(t, ignore)
}
