package processdriver_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
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

// anotherProcess is a backend of the same installation that has started the
// engine and waits to be killed.
func (f fixture) anotherProcess(t *testing.T, spec driver.Spec) *exec.Cmd {
	t.Helper()
	body, err := json.Marshal(spec)
	require.NoError(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentEnv+"="+string(body), "GALAXY_TEST_ROOT="+f.root,
		"GALAXY_TEST_INSTANCE="+uuid.UUID(f.instance).String(), "GALAXY_TEST_PROGRAM="+drivertest.Program(t))
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
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

// path is a file that the driver keeps of a game.
func (f fixture) path(game uuid.UUID, suffix string) string {
	return filepath.Join(f.root, ".process", game.String()+suffix)
}

// write puts a file where the driver keeps its own.
func (f fixture) write(t *testing.T, name, text string) {
	t.Helper()
	dir := filepath.Join(f.root, ".process")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}
