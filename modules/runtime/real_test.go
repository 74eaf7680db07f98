package runtime

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/fx"

	"galaxy/backend/modules/admin"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/registry"
	"galaxy/backend/platform/docker"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// realEngine builds the engine that this repository ships.
func realEngine(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "engine")
	build := exec.Command("go", "build", "-o", bin, "galaxy/backend/cmd/engine")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return bin
}

func TestARealEngineLivesThroughAGame(t *testing.T) {
	t.Parallel()
	cfg := realConfig()
	cfg.Driver, cfg.EngineBinary = "process", realEngine(t)
	lobby := liveThrough(t, cfg, docker.Config{}, "galaxy/engine:0.1.0", func(r Record) {
		pid, err := strconv.Atoi(r.ContainerID)
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	})
	require.Empty(t, lobby.notices, "one crash is forgiven")
}

func realConfig() Config {
	cfg := Config{WorkerPoolSize: 2, JobQueueSize: 64, ReconcileInterval: time.Minute, ImagePullPolicy: driver.PullIfMissing, StopGracePeriod: 10 * time.Second}
	cfg.ContainerCPUQuota, cfg.ContainerMemory, cfg.ContainerPidsLimit, cfg.ContainerStateMount = 2, 512<<20, 256, "/var/lib/galaxy-game"
	cfg.ContainerLogDriver = "json-file"
	return cfg
}

// liveThrough runs the module as production does, with the engine of this
// repository, through the life of a game. kill takes the engine away once.
func liveThrough(t *testing.T, cfg Config, daemon docker.Config, image string, kill func(Record)) *recorder {
	t.Helper()
	heard := make(chan Change, 100)
	lobby := &recorder{name: "lobby", hook: func(_ context.Context, tx *pg.Tx, c Change) error {
		tx.OnCommit(func() { heard <- c })
		return nil
	}}
	until := func(observed Observed) Change {
		t.Helper()
		for {
			select {
			case c := <-heard:
				if c.Observed == string(observed) {
					return c
				}
			case <-time.After(time.Minute):
				t.Fatalf("the engine did not become %s", observed)
			}
		}
	}
	require.NoError(t, cfg.Validate())

	var s *Service
	var engines *engine.Client
	var db *pg.DB
	testkit.Boot(t, Module, engine.Module,
		fx.Supply(cfg, CacheConfig{RuntimesMax: 10}, driver.StateConfig{StateRoot: t.TempDir()}, daemon,
			engine.Config{CallTimeout: time.Minute, ProbeTimeout: 5 * time.Second}),
		testkit.StandIn[admin.Auditor](lobby), testkit.StandIn[Notifier](lobby),
		ProvideObserver(func() Observer { return lobby }),
		fx.Populate(&s, &engines, &db))
	_, _, err := s.Register(t.Context(), registry.NewVersion{Version: "0.1.0", ImageRef: image})
	require.NoError(t, err)

	game, idle := uuid.Must(uuid.NewV7()), 0
	ask := func(request wish) {
		t.Helper()
		require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx *pg.Tx) error {
			_, err := request(ctx, tx, game, User)
			return err
		}))
	}
	ask(func(ctx context.Context, tx *pg.Tx, game uuid.UUID, by Source) (uuid.UUID, error) {
		return s.Start(ctx, tx, Spec{GameID: game, Version: "0.1.0", Init: enginev1.InitRequest{
			ContractVersion: enginev1.ContractVersion, GameID: game.String(),
			Races:   []enginev1.InitRace{{UserID: "u1", RaceName: "Zorg"}, {UserID: "u2", RaceName: "Vogons"}},
			Options: &enginev1.InitOptions{IdleTurnLimit: &idle},
		}}, by)
	})
	born := until(Running)
	require.Equal(t, "start", born.Operation)
	require.Equal(t, 0, born.Status.At())
	require.Len(t, born.Status.Races, 2)

	lease, err := s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
	_, err = engines.Turn(t.Context(), game, 1)
	require.NoError(t, err)
	require.NoError(t, s.Release(t.Context(), lease))
	orders, err := engines.Order(t.Context(), game, enginev1.OrderRequest{
		RaceName: "Zorg", Turn: 1, Mode: enginev1.ModeLenient, Orders: []enginev1.Order{enginev1.CreateType("Hauler", 2, 0, 0, 0, 1)},
	})
	require.NoError(t, err)
	require.Equal(t, 1, orders.Accepted)
	_, err = engines.Order(t.Context(), game, enginev1.OrderRequest{RaceName: "Zorg", Turn: 0})
	current, ok := engine.CurrentTurn(err)
	require.True(t, ok)
	require.Equal(t, 1, current)
	_, err = engines.Command(t.Context(), game, enginev1.CommandRequest{
		RaceName: "Zorg", Turn: 1, CommandID: uuid.NewString(), Command: enginev1.SetRelation("Vogons", enginev1.Peace).Raw(),
	})
	require.NoError(t, err)
	_, err = engines.Banish(t.Context(), game, "Nobody", "operator")
	require.ErrorIs(t, err, engine.ErrRaceNotFound)
	report, err := engines.Report(t.Context(), game, engine.ReportQuery{Race: "Zorg"})
	require.NoError(t, err)
	require.NotEmpty(t, report.ETag)
	text, err := engines.Report(t.Context(), game, engine.ReportQuery{Race: "Zorg", Accept: engine.TextReport})
	require.NoError(t, err)
	require.Contains(t, string(text.Body), "Zorg")
	status, err := engines.Status(t.Context(), game)
	require.NoError(t, err)

	ask(s.Restart)
	again := until(Running)
	require.Equal(t, 2, again.Generation)
	require.Equal(t, status.StateHash, again.Status.StateHash, "a restart founds no game")

	r, err := s.Record(t.Context(), game)
	require.NoError(t, err)
	kill(r)
	require.Equal(t, status.StateHash, until(Running).Status.StateHash, "a crashed engine comes back as it was")

	ask(s.Stop)
	require.Equal(t, "stop", until(Stopped).Operation)
	_, err = engines.Status(t.Context(), game)
	require.ErrorIs(t, err, engine.ErrUnreachable)
	ask(s.Remove)
	until(Removed)
	require.FileExists(t, filepath.Join(r.StateDir, "game.json"), "the state outlives the engine")
	return lobby
}
