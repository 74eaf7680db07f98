package dockerdriver

import (
	"path/filepath"
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

// Nothing may be concluded about any engine while the daemon cannot be asked.
func TestDaemonThatIsDownSaysNothingAboutEngines(t *testing.T) {
	t.Parallel()
	client, err := docker.New(docker.Config{Host: "unix://" + filepath.Join(t.TempDir(), "absent.sock"), Network: "galaxy"}, clock.System{}, zap.NewNop())
	require.NoError(t, err)
	d, ctx, game := New(client, "galaxy", drivertest.NewInstance()), t.Context(), uuid.Must(uuid.NewV7())
	spec := driver.Spec{GameID: game, Image: "galaxy-game:1", StateDir: "/x/" + game.String(), StateMount: "/state", User: "65532", CPU: 1, Memory: 1, Pids: 1}
	for name, call := range map[string]func() error{
		"ensure":  func() error { _, err := d.Ensure(ctx, spec); return err },
		"stop":    func() error { return d.Stop(ctx, game, time.Second) },
		"remove":  func() error { return d.Remove(ctx, game) },
		"inspect": func() error { _, err := d.Inspect(ctx, game); return err },
		"list":    func() error { _, err := d.List(ctx); return err },
		"dial":    func() error { _, err := d.DialContext(ctx, "tcp", driver.Name(game)+":8080"); return err },
		"pull":    func() error { _, err := d.Pull(ctx, "galaxy-game:1", driver.PullIfMissing); return err },
		"logs":    func() error { _, err := d.Logs(ctx, game, 1); return err },
		"stats":   func() error { _, err := d.Stats(ctx, game); return err },
	} {
		err := call()
		require.ErrorIs(t, err, driver.ErrUnavailable, name)
		require.NotErrorIs(t, err, driver.ErrNotFound, name)
		require.NotErrorIs(t, err, driver.ErrImageUnavailable, name)
	}
	require.NoError(t, d.Close(ctx))
}
