//go:build integration

package dockerdriver

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/driver/drivertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/docker"
)

func TestMain(m *testing.M) { os.Exit(drivertest.Main(m)) }

// fixture is the real daemon with an image, a network and a label value of one
// test alone: what other tests run is none of its business.
type fixture struct {
	drivertest.Fixture
	driver   *Driver
	docker   *docker.Client
	instance drivertest.Instance
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	ctx := context.Background()
	name := "galaxy-test-" + strings.ToLower(rand.Text()[:10])
	client, err := docker.New(docker.Config{Host: "unix:///var/run/docker.sock", Network: name}, clock.System{}, zap.NewNop())
	require.NoError(t, err)
	binary, err := os.ReadFile(drivertest.Program(t))
	require.NoError(t, err)
	image := name + ":0.1.0"
	require.NoError(t, client.Load(ctx, docker.Program{
		Ref: image, Binary: binary, Path: "/engine", Entrypoint: []string{"/engine", "serve"}, User: "65532:65532", Port: driver.Port,
		// An image of its own: the daemon may lose one that another test untags meanwhile.
		Labels: map[string]string{"galaxy.test": name},
	}))
	_, err = client.EnsureNetwork(ctx, name)
	require.NoError(t, err)
	f := fixture{docker: client, instance: drivertest.NewInstance()}
	other := New(client, name, drivertest.NewInstance())
	f.driver = New(client, name, f.instance)
	f.driver.backend, other.backend = name, name
	f.Fixture = drivertest.Fixture{Driver: f.driver, Other: other, Dirs: driver.NewStateDirs(t.TempDir()), Image: image}
	t.Cleanup(func() {
		list, err := client.List(ctx, f.driver.selector(nil))
		require.NoError(t, err)
		for _, c := range list {
			_ = client.Remove(ctx, c.ID)
		}
		require.NoError(t, client.RemoveNetwork(ctx, name))
		require.NoError(t, client.RemoveImage(ctx, image))
		require.NoError(t, f.driver.Close(ctx))
	})
	return f
}

// container is what the driver under test would make.
func (f fixture) container(spec driver.Spec) docker.Spec {
	return f.driver.container(spec, uuid.UUID(f.instance))
}

func TestDriverKeepsToThePort(t *testing.T) {
	f := newFixture(t)
	drivertest.Run(t, f.Fixture)
}

func TestContainerOfACreateThatTimedOutIsAdopted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	id, err := f.docker.Create(t.Context(), f.container(e.Spec))
	require.NoError(t, err)
	require.Equal(t, driver.PhaseCreated, e.WaitFor(driver.PhaseCreated).Phase)

	o := e.Run()

	require.Equal(t, id, o.ContainerID)
}

func TestContainerFromBeforeThereWereInstancesIsAdopted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	s := f.container(e.Spec)
	delete(s.Labels, labelInstance)
	id, err := f.docker.Create(t.Context(), s)
	require.NoError(t, err)
	all, err := f.driver.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.False(t, all[0].Foreign)

	o := e.Run()

	require.Equal(t, id, o.ContainerID)
	require.NoError(t, f.driver.Remove(t.Context(), e.Spec.GameID))
	next, err := f.docker.Inspect(t.Context(), e.Run().ContainerID)
	require.NoError(t, err)
	require.Equal(t, uuid.UUID(f.instance).String(), next.Labels[labelInstance], "its successor has the label")
}

func TestContainerOfAnotherInstanceIsNamedInTheRefusal(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	other := uuid.New()
	id, err := f.docker.Create(t.Context(), f.driver.container(e.Spec, other))
	require.NoError(t, err)

	_, err = f.driver.Ensure(t.Context(), e.Spec)

	require.ErrorIs(t, err, driver.ErrForeign)
	for _, said := range []string{e.Spec.Name(), other.String(), uuid.UUID(f.instance).String()} {
		require.ErrorContains(t, err, said)
	}
	left, err := f.docker.Inspect(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, docker.Created, left.Status)
}

func TestForeignContainerIsReportedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for name, strip := range map[string]func(docker.Spec){
		"no label":     func(s docker.Spec) { delete(s.Labels, labelBackend) },
		"another game": func(s docker.Spec) { s.Labels[labelGame] = "019aa000-0000-7000-8000-000000000001" },
	} {
		f := newFixture(t)
		e := f.NewEngine(t)
		s := f.container(e.Spec)
		strip(s)
		id, err := f.docker.Create(t.Context(), s)
		require.NoError(t, err, name)
		require.NoError(t, f.docker.Start(t.Context(), id))
		t.Cleanup(func() { _ = f.docker.Remove(context.Background(), id) })
		// The engine's own clean-up would refuse to touch it.
		defer func() { require.NoError(t, f.docker.Remove(context.Background(), id)) }()

		o, err := f.driver.Ensure(t.Context(), e.Spec)
		require.ErrorIs(t, err, driver.ErrForeign, name)
		require.True(t, o.Foreign)
		require.ErrorIs(t, f.driver.Stop(t.Context(), e.Spec.GameID, 0), driver.ErrForeign)
		require.ErrorIs(t, f.driver.Remove(t.Context(), e.Spec.GameID), driver.ErrForeign)
		_, err = f.driver.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
		require.ErrorIs(t, err, driver.ErrNotFound)
		require.Equal(t, driver.PhaseRunning, e.WaitFor(driver.PhaseRunning).Phase)
	}
}

func TestLabelledContainerOfAnotherNameIsForeign(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	s := f.container(e.Spec)
	s.Name = f.driver.network + "-other"
	_, err := f.docker.Create(t.Context(), s)
	require.NoError(t, err)

	all, err := f.driver.List(t.Context())

	require.NoError(t, err)
	require.Len(t, all, 1)
	require.True(t, all[0].Foreign)
	require.Equal(t, driver.PhaseAbsent, e.WaitFor(driver.PhaseAbsent).Phase)
}

func TestRunningOutOfMemoryIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	e.Run()

	_, err := e.Call("POST", "/eat", "")

	require.Error(t, err)
	o := e.WaitFor(driver.PhaseExited)
	require.True(t, o.OOMKilled)
	require.Equal(t, 137, o.ExitCode)
}

func TestContainerRemovedByHandIsAbsent(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	o := e.Run()

	require.NoError(t, f.docker.Remove(t.Context(), o.ContainerID))

	require.Equal(t, driver.PhaseAbsent, e.WaitFor(driver.PhaseAbsent).Phase)
	e.Run()
}

func TestImageThatCannotBeHadIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	e.Spec.Image = "127.0.0.1:1/galaxy-game:9.9.9"

	_, err := f.driver.Pull(t.Context(), e.Spec.Image, driver.PullIfMissing)
	require.ErrorIs(t, err, driver.ErrImageUnavailable)
	_, err = f.driver.Ensure(t.Context(), e.Spec)
	require.ErrorIs(t, err, driver.ErrImageUnavailable)
	require.NotErrorIs(t, err, driver.ErrNotFound)
}

func TestNetworkThatIsGoneIsASettingThatIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	e := f.NewEngine(t)
	f.driver.network += "-gone"

	_, err := f.driver.Ensure(t.Context(), e.Spec)

	require.ErrorIs(t, err, driver.ErrConfigInvalid)
	f.driver.network = strings.TrimSuffix(f.driver.network, "-gone")
	require.NoError(t, f.driver.Remove(t.Context(), e.Spec.GameID))
	e.Run()
	require.NoError(t, f.driver.Stop(t.Context(), e.Spec.GameID, 5*time.Second))
}
