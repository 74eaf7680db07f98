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
		runParent(spec)
	}
	os.Exit(drivertest.Main(m))
}

// fixture is a state root with the drivers of two installations.
type fixture struct {
	drivertest.Fixture
	driver   *processdriver.Driver
	instance drivertest.Instance
	root     string
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	f := fixture{instance: drivertest.NewInstance(), root: t.TempDir()}
	other := newDriver(t, f.root, drivertest.NewInstance())
	f.driver = newDriver(t, f.root, f.instance)
	f.Fixture = drivertest.Fixture{Driver: f.driver, Other: other, Dirs: driver.NewStateDirs(f.root), Image: "galaxy-game:0.1.0"}
	return f
}

// restarted is the driver of the same installation after its next start.
func (f fixture) restarted(t *testing.T) *processdriver.Driver {
	return newDriver(t, f.root, f.instance)
}

func newDriver(t *testing.T, root string, instance driver.Instance) *processdriver.Driver {
	t.Helper()
	d := processdriver.New(drivertest.Program(t), root, instance, clock.System{}, zap.NewNop())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(t, d.Close(ctx))
		require.NoError(t, d.Close(ctx), "closing twice is no error")
	})
	return d
}

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
	body, err := json.Marshal(e.Spec)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentEnv+"="+string(body), "GALAXY_TEST_ROOT="+f.root, "GALAXY_TEST_INSTANCE="+uuid.UUID(f.instance).String(), "GALAXY_TEST_PROGRAM="+drivertest.Program(t))
	require.NoError(t, cmd.Start())
	e.WaitFor(driver.PhaseRunning)

	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()

	o := e.WaitFor(driver.PhaseCreated)
	pid, err := strconv.Atoi(o.ContainerID)
	require.NoError(t, err)
	require.NotZero(t, pid)
	_, err = f.driver.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
	require.ErrorIs(t, err, driver.ErrNotFound)
	e.Run()
}

func runParent(text string) {
	var spec driver.Spec
	if err := json.Unmarshal([]byte(text), &spec); err != nil {
		os.Exit(2)
	}
	instance := drivertest.Instance(uuid.MustParse(os.Getenv("GALAXY_TEST_INSTANCE")))
	d := processdriver.New(os.Getenv("GALAXY_TEST_PROGRAM"), os.Getenv("GALAXY_TEST_ROOT"), instance, clock.System{}, zap.NewNop())
	if _, err := d.Ensure(context.Background(), spec); err != nil {
		os.Exit(3)
	}
	select {}
}

func TestNumberOfAnotherProcessIsNeitherCalledNorEnded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	other := exec.Command("sleep", "60")
	require.NoError(t, other.Start())
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	record := map[string]any{"game_id": e.Spec.GameID, "pid": other.Process.Pid, "identity": "another boot:1", "port": 1, "spec": e.Spec.Hash()}
	body, err := json.Marshal(record)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(f.root, ".process"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(f.root, ".process", e.Spec.GameID.String()+".json"), body, 0o600))

	require.NoError(t, f.driver.Stop(t.Context(), e.Spec.GameID, time.Second))
	require.NoError(t, f.driver.Remove(t.Context(), e.Spec.GameID))

	require.NoError(t, other.Process.Signal(syscall.Signal(0)), "it still runs")
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

func TestBrokenRecordIsAnErrorAndNotAnAbsentEngine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := uuid.Must(uuid.NewV7())
	require.NoError(t, os.MkdirAll(filepath.Join(f.root, ".process"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(f.root, ".process", game.String()+".json"), []byte("{"), 0o600))

	_, err := f.driver.Inspect(t.Context(), game)

	require.Error(t, err)
}

func TestClosedDriverLeavesNothingBehind(t *testing.T) {
	f := newFixture(t)
	ignore := goleak.IgnoreCurrent()
	e := f.NewEngine(t)
	e.Run()

	require.NoError(t, f.driver.Close(t.Context()))

	goleak.VerifyNone(t, ignore)
}
