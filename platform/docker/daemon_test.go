//go:build integration

package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"testing"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/stretchr/testify/require"
)

func TestContainerLivesAndEndsByItsVerbs(t *testing.T) {
	t.Parallel()
	f, ctx := newFixture(t), t.Context()
	s := f.spec()
	f.run(s)
	require.NoError(t, f.Start(ctx, f.name), "starting what runs is no error")
	_, err := f.Create(ctx, s)
	require.ErrorIs(t, err, ErrConflict)

	list, err := f.List(ctx, Selector{Label: f.label})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, Running, list[0].Status)
	require.Equal(t, f.image, list[0].Image)
	require.WithinDuration(t, time.Now(), list[0].StartedAt, time.Minute)

	stats, err := f.Stats(ctx, f.name)
	require.NoError(t, err)
	require.EqualValues(t, 64<<20, stats.MemoryLimit)
	require.Positive(t, stats.Memory)
	logs, err := f.Logs(ctx, f.name, 10)
	require.NoError(t, err)
	require.Contains(t, string(logs), "started serve")

	require.NoError(t, f.Stop(ctx, f.name, 5*time.Second))
	require.NoError(t, f.Stop(ctx, f.name, 5*time.Second), "stopping what is stopped is no error")
	c := f.eventually(Exited)
	require.Zero(t, c.ExitCode)
	require.NoError(t, f.Remove(ctx, f.name))
	_, err = f.Inspect(ctx, f.name)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, f.Remove(ctx, f.name), ErrNotFound)
	require.ErrorIs(t, f.Start(ctx, f.name), ErrNotFound)
}

func TestProfileLeavesNothingToDoHarmWith(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.spec()
	s.CPUs = 1_000 // cut to what the machine has
	f.run(s)

	body, err := f.call("GET", "/facts")
	require.NoError(t, err)
	facts := map[string]any{}
	require.NoError(t, json.Unmarshal(body, &facts))
	for name, want := range map[string]any{
		"uid": 65532.0, "CapEff": "0000000000000000", "CapPrm": "0000000000000000", "CapBnd": "0000000000000000",
		"NoNewPrivs": "1", "Seccomp": "2", "root_writable": false, "tmp_writable": true, "hostname": f.name,
	} {
		require.Equal(t, want, facts[name], name)
	}
	in, err := f.inspect(t.Context(), f.name)
	require.NoError(t, err)
	require.Equal(t, in.HostConfig.Memory, in.HostConfig.MemorySwap)
	require.EqualValues(t, 64, *in.HostConfig.PidsLimit)
	require.Equal(t, "10m", in.HostConfig.LogConfig.Config["max-size"])
	require.Empty(t, in.HostConfig.PortBindings)
	require.EqualValues(t, "no", in.HostConfig.RestartPolicy.Name)
}

func TestRunningOutOfMemoryIsTold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	hints := f.Watch(t.Context(), Selector{Label: f.label})
	require.Equal(t, Hint{}, <-hints)
	f.run(f.spec())

	_, err := f.call("POST", "/eat")

	require.Error(t, err)
	c := f.eventually(Exited)
	require.True(t, c.OOMKilled)
	require.Equal(t, 137, c.ExitCode)
	var actions []string
	for hint := range hints {
		require.Equal(t, f.name, hint.Name)
		if actions = append(actions, hint.Action); hint.Action == "die" {
			break
		}
	}
	require.Subset(t, actions, []string{"create", "start", "oom", "die"})
}

func TestCrashKeepsItsExitCodeAndIsNotDialled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run(f.spec())

	_, _ = f.call("POST", "/exit?code=3")

	c := f.eventually(Exited)
	require.Equal(t, 3, c.ExitCode)
	require.False(t, c.OOMKilled)
	_, err := f.Dial(t.Context(), f.name, f.name, 8080, acceptAny)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = f.Stats(t.Context(), f.name)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestContainerIsDialledOnlyWhenAccepted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.run(f.spec())

	_, err := f.Dial(t.Context(), f.name, f.name, 8080, func(Container) bool { return false })

	require.ErrorIs(t, err, ErrNotFound)
}

func TestUnusableSettingsAreAConfigurationMatter(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, spoil := range map[string]func(*Spec){
		"memory":     func(s *Spec) { s.Memory = 1 << 20 },
		"log driver": func(s *Spec) { s.Logs.Driver = "papyrus" },
		"log option": func(s *Spec) { s.Logs.Options = map[string]string{"nope": "1"} },
		"source":     func(s *Spec) { s.Source = "/nonexistent/galaxy" },
		"target":     func(s *Spec) { s.Target = "relative" },
	} {
		s := f.spec()
		spoil(&s)
		_, err := f.Create(t.Context(), s)
		require.ErrorIs(t, err, ErrConfigInvalid, name)
	}
}

func TestMissingNetworkIsAConfigurationMatterAtStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.spec()
	s.Network = f.name + "-gone"
	_, err := f.Create(t.Context(), s)
	require.NoError(t, err)

	require.ErrorIs(t, f.Start(t.Context(), f.name), ErrConfigInvalid)
}

func TestBadEntrypointIsAConfigurationMatterAtStart(t *testing.T) {
	t.Parallel()
	f, ctx := newFixture(t), t.Context()
	ref := f.name + ":broken"
	require.NoError(t, f.Load(ctx, Program{Ref: ref, Binary: []byte("x"), Path: "/app", Entrypoint: []string{"/missing"}}))
	t.Cleanup(func() { _ = f.RemoveImage(context.Background(), ref) })
	s := f.spec()
	s.Image = ref
	_, err := f.Create(ctx, s)
	require.NoError(t, err)

	require.ErrorIs(t, f.Start(ctx, f.name), ErrConfigInvalid)
}

func TestMissingImageCannotBeHad(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.spec()
	s.Image = "127.0.0.1:1/galaxy-game:none" // nobody listens there

	_, err := f.Create(t.Context(), s)
	require.ErrorIs(t, err, ErrImageUnavailable)
	for _, policy := range []PullPolicy{PullIfMissing, PullAlways, PullNever} {
		_, err = f.EnsureImage(t.Context(), s.Image, policy)
		require.ErrorIs(t, err, ErrImageUnavailable, policy)
	}
	_, err = f.EnsureImage(t.Context(), "Not A Reference", PullAlways)
	require.ErrorIs(t, err, ErrImageUnavailable)
}

func TestEqualProgramsMakeEqualImages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first, err := f.Image(t.Context(), f.image)
	require.NoError(t, err)
	engine, err := buildEngine()
	require.NoError(t, err)
	require.NoError(t, f.Load(t.Context(), f.program(bytes.Clone(engine))))

	again, err := f.EnsureImage(t.Context(), f.image, PullIfMissing)

	require.NoError(t, err)
	require.Equal(t, first, again)
}

func TestNetworkIsIsolatedAndMadeOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)

	n, err := f.EnsureNetwork(t.Context(), f.name)

	require.NoError(t, err)
	require.True(t, n.UserDefined && n.Internal && n.Isolated)
	bridge, err := f.Network(t.Context(), "bridge")
	require.NoError(t, err)
	require.False(t, bridge.UserDefined)
	_, err = f.Network(t.Context(), "galaxy-nonexistent")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestStopCutShortGoesOnInTheDaemon(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.spec()
	s.Env = append(s.Env, "IGNORE_TERM=1")
	f.run(s)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()

	require.ErrorIs(t, f.Stop(ctx, f.name, 2*time.Second), ErrUnavailable)

	c := f.eventually(Exited)
	require.Equal(t, 137, c.ExitCode)
	require.False(t, c.OOMKilled)
}

func TestPublishedPortIsPreferred(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	open := f.name + "-open"
	_, err := f.api.NetworkCreate(t.Context(), open, network.CreateOptions{Driver: "bridge"})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = f.Remove(context.Background(), f.name)
		require.NoError(t, f.RemoveNetwork(context.Background(), open))
	})
	s := f.spec()
	s.Network, s.Publish = open, "127.0.0.1"
	_, err = f.Create(t.Context(), s)
	require.NoError(t, err)
	require.NoError(t, f.Start(t.Context(), f.name))

	conn, err := f.Dial(t.Context(), f.name, open, 8080, acceptAny)

	require.NoError(t, err)
	defer conn.Close()
	require.Equal(t, "127.0.0.1", conn.RemoteAddr().(*net.TCPAddr).IP.String())
}
