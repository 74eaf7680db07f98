//go:build integration

package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/docker"
)

// withDocker prepares engines on the real daemon; the image is the engine's.
func withDocker(t *testing.T, cfg config) *stack {
	t.Helper()
	// A version of its own makes an image of its own, which nobody else untags.
	cfg.Driver, cfg.EngineVersion = driverDocker, "0.0.1-"+strings.ToLower(rand.Text()[:10])
	s := newStack(cfg, buildEngine, io.Discard)
	require.NoError(t, s.prepare())
	require.NoError(t, s.compile(t.Context()))
	require.NoError(t, s.prepareEngines(t.Context()))
	t.Cleanup(func() { _ = s.down() })
	return s
}

// buildEngine compiles the engine alone.
func buildEngine(ctx context.Context) (binaries, error) {
	root, err := repository(ctx)
	if err != nil {
		return binaries{}, err
	}
	b := binaries{root: root, engine: filepath.Join(root, ".bin", "engine")}
	return b, compileProgram(ctx, root, "./cmd/engine", b.engine)
}

// game starts a container as the backend does; mine says whether its state lies
// in the stack's directory.
func (s *stack) game(t *testing.T, mine bool) (name string) {
	t.Helper()
	id := uuid.NewString()
	dir := filepath.Join(t.TempDir(), id)
	if mine {
		dir = s.dir.path("games", id)
	}
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.Chmod(dir, 0o777))
	name = "galaxy-game-" + id
	_, err := s.engines.client.Create(t.Context(), docker.Spec{
		Name: name, Image: s.engines.image, User: "65532:65532", Network: s.engines.network, Port: 8080,
		Labels: map[string]string{"galaxy.backend": "1", "galaxy.game_id": id, "galaxy.instance": uuid.NewString()},
		Source: dir, Target: "/var/lib/galaxy-game", CPUs: 1, Memory: 64 << 20, Pids: 64, Logs: docker.Logging{Driver: "json-file"},
	})
	require.NoError(t, err)
	require.NoError(t, s.engines.client.Start(t.Context(), name))
	return name
}

func TestEnginesOfAnEphemeralStackGoWithIt(t *testing.T) {
	s := withDocker(t, config{Ephemeral: true, AdminUser: "admin"})
	watch, err := docker.New(docker.Config{Host: s.engines.host, Network: s.engines.network}, nil, nil)
	require.NoError(t, err)
	defer watch.Close(context.Background())
	mine, foreign := s.game(t, true), s.game(t, false)
	t.Cleanup(func() { _ = watch.Remove(context.Background(), foreign) })
	found, err := watch.Inspect(t.Context(), mine)
	require.NoError(t, err)
	require.Equal(t, docker.Running, found.Status)

	network := s.engines.network
	image, err := watch.Image(t.Context(), s.engines.image)
	require.NoError(t, err)
	_ = s.down() // the foreign container is still on the network and of the image, which therefore stay
	_, err = watch.Inspect(t.Context(), mine)
	require.ErrorIs(t, err, docker.ErrNotFound)
	found, err = watch.Inspect(t.Context(), foreign)
	require.NoError(t, err)
	require.Equal(t, docker.Running, found.Status, "another backend's game goes on")
	require.NoError(t, watch.Remove(t.Context(), foreign))
	require.NoError(t, watch.RemoveNetwork(t.Context(), network))
	require.NoError(t, watch.RemoveImage(t.Context(), image.ID))
}
