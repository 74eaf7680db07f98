//go:build integration

package runtime

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/notification"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/docker"
)

func TestARealEngineLivesThroughAGameInAContainer(t *testing.T) {
	ctx := context.Background()
	name := "galaxy-test-" + strings.ToLower(rand.Text()[:10])
	daemon := docker.Config{Host: "unix:///var/run/docker.sock", Network: name}
	client, err := docker.New(daemon, clock.System{}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close(ctx)) })
	binary, err := os.ReadFile(realEngine(t))
	require.NoError(t, err)
	image := name + ":0.1.0"
	require.NoError(t, client.Load(ctx, docker.Program{
		Ref: image, Binary: binary, Path: "/engine", Entrypoint: []string{"/engine", "serve"}, User: "65532:65532",
		Port:   driver.Port,
		Labels: map[string]string{"galaxy.test": name},
	}))
	t.Cleanup(func() { require.NoError(t, client.RemoveImage(ctx, image)) })
	_, err = client.EnsureNetwork(ctx, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.RemoveNetwork(ctx, name)) })

	cfg := realConfig()
	cfg.Driver, cfg.ImagePullPolicy = "docker", driver.PullNever
	g := newRealGame(t, cfg, daemon, image)
	g.liveThrough(func(r Record) {
		require.NoError(t, client.Remove(ctx, r.ContainerID)) // by hand, as docker rm -f
	})
	require.Subset(t, []notification.Kind{notification.KindContainerMissing}, g.notifier.Kinds(), "missing, or dead when first seen")
}
