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

// newBench is the real daemon with an image, a network and a label value of
// this test alone: what other tests run is none of its business.
func newBench(t *testing.T) (drivertest.Bench, *Driver) {
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
	d, other := New(client, name, drivertest.NewInstance()), New(client, name, drivertest.NewInstance())
	d.backend, other.backend = name, name
	t.Cleanup(func() {
		list, err := client.List(ctx, d.selector(nil))
		require.NoError(t, err)
		for _, c := range list {
			_ = client.Remove(ctx, c.ID)
		}
		require.NoError(t, client.RemoveNetwork(ctx, name))
		require.NoError(t, client.RemoveImage(ctx, image))
		require.NoError(t, d.Close(ctx))
	})
	return drivertest.Bench{Driver: d, Other: other, Dirs: driver.NewStateDirs(t.TempDir()), Image: image}, d
}

func (d *Driver) own(t *testing.T) uuid.UUID {
	t.Helper()
	id, err := d.instance.ID(t.Context())
	require.NoError(t, err)
	return id
}

func TestDriverKeepsToThePort(t *testing.T) {
	b, _ := newBench(t)
	drivertest.Run(t, b)
}

func TestGhostOfACreateThatTimedOutIsAdopted(t *testing.T) {
	t.Parallel()
	b, d := newBench(t)
	e := b.NewEngine(t)
	id, err := d.docker.Create(t.Context(), d.container(e.Spec, d.own(t)))
	require.NoError(t, err)
	require.Equal(t, driver.PhaseCreated, e.Becomes(driver.PhaseCreated).Phase)

	o := e.Run()

	require.Equal(t, id, o.ContainerID)
}

func TestContainerFromBeforeThereWereInstancesIsAdopted(t *testing.T) {
	t.Parallel()
	b, d := newBench(t)
	e := b.NewEngine(t)
	s := d.container(e.Spec, d.own(t))
	delete(s.Labels, labelInstance)
	id, err := d.docker.Create(t.Context(), s)
	require.NoError(t, err)
	all, err := d.List(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.False(t, all[0].Foreign)

	o := e.Run()

	require.Equal(t, id, o.ContainerID)
	require.NoError(t, d.Remove(t.Context(), e.Spec.GameID))
	next, err := d.docker.Inspect(t.Context(), e.Run().ContainerID)
	require.NoError(t, err)
	require.Equal(t, d.own(t).String(), next.Labels[labelInstance], "its successor has the label")
}

func TestContainerOfAnotherInstanceIsNamedInTheRefusal(t *testing.T) {
	t.Parallel()
	b, d := newBench(t)
	e := b.NewEngine(t)
	other := uuid.New()
	id, err := d.docker.Create(t.Context(), d.container(e.Spec, other))
	require.NoError(t, err)

	_, err = d.Ensure(t.Context(), e.Spec)

	require.ErrorIs(t, err, driver.ErrForeign)
	for _, said := range []string{e.Spec.Name(), other.String(), d.own(t).String()} {
		require.ErrorContains(t, err, said)
	}
	left, err := d.docker.Inspect(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, docker.Created, left.Status)
}

func TestForeignContainerIsReportedAndLeftAlone(t *testing.T) {
	t.Parallel()
	for name, strip := range map[string]func(docker.Spec){
		"no label":     func(s docker.Spec) { delete(s.Labels, labelBackend) },
		"another game": func(s docker.Spec) { s.Labels[labelGame] = "019aa000-0000-7000-8000-000000000001" },
	} {
		b, d := newBench(t)
		e := b.NewEngine(t)
		s := d.container(e.Spec, d.own(t))
		strip(s)
		id, err := d.docker.Create(t.Context(), s)
		require.NoError(t, err, name)
		require.NoError(t, d.docker.Start(t.Context(), id))
		t.Cleanup(func() { _ = d.docker.Remove(context.Background(), id) })
		// The engine's own clean-up would refuse to touch it.
		defer func() { require.NoError(t, d.docker.Remove(context.Background(), id)) }()

		o, err := d.Ensure(t.Context(), e.Spec)
		require.ErrorIs(t, err, driver.ErrForeign, name)
		require.True(t, o.Foreign)
		require.ErrorIs(t, d.Stop(t.Context(), e.Spec.GameID, 0), driver.ErrForeign)
		require.ErrorIs(t, d.Remove(t.Context(), e.Spec.GameID), driver.ErrForeign)
		_, err = d.DialContext(t.Context(), "tcp", e.Spec.Name()+":8080")
		require.ErrorIs(t, err, driver.ErrNotFound)
		require.Equal(t, driver.PhaseRunning, e.Becomes(driver.PhaseRunning).Phase)
	}
}

func TestLabelledContainerOfAnotherNameIsForeign(t *testing.T) {
	t.Parallel()
	b, d := newBench(t)
	e := b.NewEngine(t)
	s := d.container(e.Spec, d.own(t))
	s.Name = d.network + "-stranger"
	_, err := d.docker.Create(t.Context(), s)
	require.NoError(t, err)

	all, err := d.List(t.Context())

	require.NoError(t, err)
	require.Len(t, all, 1)
	require.True(t, all[0].Foreign)
	require.Equal(t, driver.PhaseAbsent, e.Becomes(driver.PhaseAbsent).Phase)
}

func TestRunningOutOfMemoryIsTold(t *testing.T) {
	t.Parallel()
	b, _ := newBench(t)
	e := b.NewEngine(t)
	e.Run()

	_, err := e.Call("POST", "/eat", "")

	require.Error(t, err)
	o := e.Becomes(driver.PhaseExited)
	require.True(t, o.OOMKilled)
	require.Equal(t, 137, o.ExitCode)
}

func TestContainerRemovedByHandIsAbsent(t *testing.T) {
	t.Parallel()
	b, d := newBench(t)
	e := b.NewEngine(t)
	o := e.Run()

	require.NoError(t, d.docker.Remove(t.Context(), o.ContainerID))

	require.Equal(t, driver.PhaseAbsent, e.Becomes(driver.PhaseAbsent).Phase)
	e.Run()
}

func TestImageThatCannotBeHadIsTold(t *testing.T) {
	t.Parallel()
	b, d := newBench(t)
	e := b.NewEngine(t)
	e.Spec.Image = "127.0.0.1:1/galaxy-game:9.9.9"

	_, err := d.Pull(t.Context(), e.Spec.Image, driver.PullIfMissing)
	require.ErrorIs(t, err, driver.ErrImageUnavailable)
	_, err = d.Ensure(t.Context(), e.Spec)
	require.ErrorIs(t, err, driver.ErrImageUnavailable)
	require.NotErrorIs(t, err, driver.ErrNotFound)
}

func TestNetworkThatIsGoneIsASettingThatIsRefused(t *testing.T) {
	t.Parallel()
	b, d := newBench(t)
	e := b.NewEngine(t)
	d.network += "-gone"

	_, err := d.Ensure(t.Context(), e.Spec)

	require.ErrorIs(t, err, driver.ErrConfigInvalid)
	d.network = strings.TrimSuffix(d.network, "-gone")
	require.NoError(t, d.Remove(t.Context(), e.Spec.GameID))
	e.Run()
	require.NoError(t, d.Stop(t.Context(), e.Spec.GameID, 5*time.Second))
}
