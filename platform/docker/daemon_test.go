//go:build integration

package docker

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/stretchr/testify/require"
)

// The tests of this file run on the real daemon of this machine.

var buildApp = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "app")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command("go", "build", "-o", filepath.Join(dir, "app"), "./testdata/app")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return out, err
	}
	return os.ReadFile(filepath.Join(dir, "app"))
})

// bench is a daemon with an image and a network of this test alone.
type bench struct {
	*Client
	t     *testing.T
	name  string
	image string
	label string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	name := "galaxy-test-" + strings.ToLower(rand.Text()[:10])
	b := &bench{Client: clientOf(t, "unix:///var/run/docker.sock"), t: t, name: name, image: name + ":1", label: "galaxy.test=" + name}
	ctx := context.Background()
	app, err := buildApp()
	require.NoError(t, err, string(app))
	require.NoError(t, b.Load(ctx, b.program(app)))
	t.Cleanup(func() {
		list, err := b.List(ctx, Selector{Label: b.label})
		require.NoError(t, err)
		for _, c := range list {
			require.NoError(t, b.Remove(ctx, c.ID))
		}
		require.NoError(t, b.RemoveNetwork(ctx, b.name))
		require.NoError(t, b.RemoveImage(ctx, b.image))
	})
	_, err = b.EnsureNetwork(ctx, b.name)
	require.NoError(t, err)
	return b
}

// program is an image of this test alone: the daemon may lose one that another
// test untags meanwhile.
func (b *bench) program(binary []byte) Program {
	return Program{
		Ref: b.image, Binary: binary, Path: "/app", Entrypoint: []string{"/app", "serve"}, User: "65532:65532", Port: 8080,
		Labels: map[string]string{"galaxy.test": b.name},
	}
}

func (b *bench) spec() Spec {
	dir := b.t.TempDir()
	require.NoError(b.t, os.Chmod(dir, 0o777))
	return Spec{
		Name: b.name, Image: b.image, User: "65532:65532", Network: b.name, Labels: map[string]string{"galaxy.test": b.name},
		Env: []string{"ENGINE_STATE_DIR=/state"}, Source: dir, Target: "/state", Port: 8080,
		CPUs: 2, Memory: 64 << 20, Pids: 64, Logs: Logging{Driver: "json-file"},
	}
}

// run creates and starts a container and waits until it answers.
func (b *bench) run(s Spec) {
	b.t.Helper()
	_, err := b.Create(b.t.Context(), s)
	require.NoError(b.t, err)
	require.NoError(b.t, b.Start(b.t.Context(), s.Name))
	require.Eventually(b.t, func() bool { _, err := b.call("GET", "/healthz"); return err == nil }, 10*time.Second, 20*time.Millisecond)
}

func (b *bench) call(method, path string) ([]byte, error) {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return b.Dial(ctx, b.name, b.name, 8080, anyone)
	}}
	req, err := http.NewRequestWithContext(b.t.Context(), method, "http://"+b.name+":8080"+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

func (b *bench) eventually(status Status) Container {
	b.t.Helper()
	var c Container
	require.Eventually(b.t, func() bool {
		var err error
		c, err = b.Inspect(b.t.Context(), b.name)
		return err == nil && c.Status == status
	}, 15*time.Second, 20*time.Millisecond)
	return c
}

func TestContainerLivesAndEndsByItsVerbs(t *testing.T) {
	t.Parallel()
	b, ctx := newBench(t), t.Context()
	s := b.spec()
	b.run(s)
	require.NoError(t, b.Start(ctx, b.name), "starting what runs is no error")
	_, err := b.Create(ctx, s)
	require.ErrorIs(t, err, ErrConflict)

	list, err := b.List(ctx, Selector{Label: b.label})
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.Equal(t, Running, list[0].Status)
	require.Equal(t, b.image, list[0].Image)
	require.WithinDuration(t, time.Now(), list[0].StartedAt, time.Minute)

	stats, err := b.Stats(ctx, b.name)
	require.NoError(t, err)
	require.EqualValues(t, 64<<20, stats.MemoryLimit)
	require.Positive(t, stats.Memory)
	logs, err := b.Logs(ctx, b.name, 10)
	require.NoError(t, err)
	require.Contains(t, string(logs), "started serve")

	require.NoError(t, b.Stop(ctx, b.name, 5*time.Second))
	require.NoError(t, b.Stop(ctx, b.name, 5*time.Second), "stopping what is stopped is no error")
	c := b.eventually(Exited)
	require.Zero(t, c.ExitCode)
	require.NoError(t, b.Remove(ctx, b.name))
	_, err = b.Inspect(ctx, b.name)
	require.ErrorIs(t, err, ErrNotFound)
	require.ErrorIs(t, b.Remove(ctx, b.name), ErrNotFound)
	require.ErrorIs(t, b.Start(ctx, b.name), ErrNotFound)
}

func TestProfileLeavesNothingToDoHarmWith(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.spec()
	s.CPUs = 1_000 // cut to what the machine has
	b.run(s)

	body, err := b.call("GET", "/facts")
	require.NoError(t, err)
	facts := map[string]any{}
	require.NoError(t, json.Unmarshal(body, &facts))
	for name, want := range map[string]any{
		"uid": 65532.0, "CapEff": "0000000000000000", "CapPrm": "0000000000000000", "CapBnd": "0000000000000000",
		"NoNewPrivs": "1", "Seccomp": "2", "root_writable": false, "tmp_writable": true, "hostname": b.name,
	} {
		require.Equal(t, want, facts[name], name)
	}
	in, err := b.inspect(t.Context(), b.name)
	require.NoError(t, err)
	require.Equal(t, in.HostConfig.Memory, in.HostConfig.MemorySwap)
	require.EqualValues(t, 64, *in.HostConfig.PidsLimit)
	require.Equal(t, "10m", in.HostConfig.LogConfig.Config["max-size"])
	require.Empty(t, in.HostConfig.PortBindings)
	require.EqualValues(t, "no", in.HostConfig.RestartPolicy.Name)
}

func TestRunningOutOfMemoryIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	hints := b.Watch(t.Context(), Selector{Label: b.label})
	require.Equal(t, Hint{}, <-hints)
	b.run(b.spec())

	_, err := b.call("POST", "/eat")

	require.Error(t, err)
	c := b.eventually(Exited)
	require.True(t, c.OOMKilled)
	require.Equal(t, 137, c.ExitCode)
	var actions []string
	for hint := range hints {
		require.Equal(t, b.name, hint.Name)
		if actions = append(actions, hint.Action); hint.Action == "die" {
			break
		}
	}
	require.Subset(t, actions, []string{"create", "start", "oom", "die"})
}

func TestCrashKeepsItsExitCodeAndIsNotDialled(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run(b.spec())

	_, _ = b.call("POST", "/exit?code=3")

	c := b.eventually(Exited)
	require.Equal(t, 3, c.ExitCode)
	require.False(t, c.OOMKilled)
	_, err := b.Dial(t.Context(), b.name, b.name, 8080, anyone)
	require.ErrorIs(t, err, ErrNotFound)
	_, err = b.Stats(t.Context(), b.name)
	require.ErrorIs(t, err, ErrNotFound)
}

func TestContainerIsDialledOnlyWhenAccepted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run(b.spec())

	_, err := b.Dial(t.Context(), b.name, b.name, 8080, func(Container) bool { return false })

	require.ErrorIs(t, err, ErrNotFound)
}

func TestUnusableSettingsAreAConfigurationMatter(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, spoil := range map[string]func(*Spec){
		"memory":     func(s *Spec) { s.Memory = 1 << 20 },
		"log driver": func(s *Spec) { s.Logs.Driver = "papyrus" },
		"log option": func(s *Spec) { s.Logs.Options = map[string]string{"nope": "1"} },
		"source":     func(s *Spec) { s.Source = "/nonexistent/galaxy" },
		"target":     func(s *Spec) { s.Target = "relative" },
	} {
		s := b.spec()
		spoil(&s)
		_, err := b.Create(t.Context(), s)
		require.ErrorIs(t, err, ErrConfigInvalid, name)
	}
}

func TestMissingNetworkIsAConfigurationMatterAtStart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.spec()
	s.Network = b.name + "-gone"
	_, err := b.Create(t.Context(), s)
	require.NoError(t, err)

	require.ErrorIs(t, b.Start(t.Context(), b.name), ErrConfigInvalid)
}

func TestBadEntrypointIsAConfigurationMatterAtStart(t *testing.T) {
	t.Parallel()
	b, ctx := newBench(t), t.Context()
	ref := b.name + ":broken"
	require.NoError(t, b.Load(ctx, Program{Ref: ref, Binary: []byte("x"), Path: "/app", Entrypoint: []string{"/missing"}}))
	t.Cleanup(func() { _ = b.RemoveImage(context.Background(), ref) })
	s := b.spec()
	s.Image = ref
	_, err := b.Create(ctx, s)
	require.NoError(t, err)

	require.ErrorIs(t, b.Start(ctx, b.name), ErrConfigInvalid)
}

func TestMissingImageCannotBeHad(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.spec()
	s.Image = "127.0.0.1:1/galaxy-game:none" // nobody listens there

	_, err := b.Create(t.Context(), s)
	require.ErrorIs(t, err, ErrImageUnavailable)
	for _, policy := range []PullPolicy{PullIfMissing, PullAlways, PullNever} {
		_, err = b.EnsureImage(t.Context(), s.Image, policy)
		require.ErrorIs(t, err, ErrImageUnavailable, policy)
	}
	_, err = b.EnsureImage(t.Context(), "Not A Reference", PullAlways)
	require.ErrorIs(t, err, ErrImageUnavailable)
}

func TestEqualProgramsMakeEqualImages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first, err := b.Image(t.Context(), b.image)
	require.NoError(t, err)
	app, err := buildApp()
	require.NoError(t, err)
	require.NoError(t, b.Load(t.Context(), b.program(bytes.Clone(app))))

	again, err := b.EnsureImage(t.Context(), b.image, PullIfMissing)

	require.NoError(t, err)
	require.Equal(t, first, again)
}

func TestNetworkIsIsolatedAndMadeOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)

	n, err := b.EnsureNetwork(t.Context(), b.name)

	require.NoError(t, err)
	require.True(t, n.UserDefined && n.Internal && n.Isolated)
	bridge, err := b.Network(t.Context(), "bridge")
	require.NoError(t, err)
	require.False(t, bridge.UserDefined)
	_, err = b.Network(t.Context(), "galaxy-nonexistent")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestStopCutShortGoesOnInTheDaemon(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	s := b.spec()
	s.Env = append(s.Env, "IGNORE_TERM=1")
	b.run(s)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()

	require.ErrorIs(t, b.Stop(ctx, b.name, 2*time.Second), ErrUnavailable)

	c := b.eventually(Exited)
	require.Equal(t, 137, c.ExitCode)
	require.False(t, c.OOMKilled)
}

func TestPublishedPortIsPreferred(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	open := b.name + "-open"
	_, err := b.api.NetworkCreate(t.Context(), open, network.CreateOptions{Driver: "bridge"})
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = b.Remove(context.Background(), b.name)
		require.NoError(t, b.RemoveNetwork(context.Background(), open))
	})
	s := b.spec()
	s.Network, s.Publish = open, "127.0.0.1"
	_, err = b.Create(t.Context(), s)
	require.NoError(t, err)
	require.NoError(t, b.Start(t.Context(), b.name))

	conn, err := b.Dial(t.Context(), b.name, open, 8080, anyone)

	require.NoError(t, err)
	defer conn.Close()
	require.Equal(t, "127.0.0.1", conn.RemoteAddr().(*net.TCPAddr).IP.String())
}
