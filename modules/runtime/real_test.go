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
	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/engine"
	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/notification/notificationtest"
	"galaxy/backend/modules/runtime/driver"
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
	g := newRealGame(t, cfg, docker.Config{}, "galaxy/engine:0.1.0")
	g.liveThrough(func(r Record) {
		pid, err := strconv.Atoi(r.ContainerID)
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	})
	require.Empty(t, g.notifier.Intents(), "one crash is forgiven")
}

func realConfig() Config {
	cfg := testConfig()
	cfg.WorkerPoolSize, cfg.StopGracePeriod = 2, 10*time.Second
	cfg.ContainerCPUQuota, cfg.ContainerMemory, cfg.ContainerPidsLimit = 2, 512<<20, 256
	return cfg
}

// realGame is one game whose engine is the one of this repository, run by the
// module as in production.
type realGame struct {
	*testing.T
	id       uuid.UUID
	db       *pg.DB
	s        *Service
	engines  *engine.Client
	changes  chan Change
	notifier *notificationtest.Recorder
}

func newRealGame(t *testing.T, cfg Config, daemon docker.Config, image string) *realGame {
	t.Helper()
	require.NoError(t, cfg.Validate())
	g := &realGame{T: t, id: uuid.Must(uuid.NewV7()), changes: make(chan Change, 100), notifier: &notificationtest.Recorder{}}
	observer := &recorder{name: "game", hook: func(_ context.Context, tx *pg.Tx, c Change) error {
		tx.OnCommit(func() { g.changes <- c })
		return nil
	}}
	var versions *engineversion.Service
	testkit.Boot(t, Module, engine.Module, engineversion.Module,
		fx.Supply(cfg, CacheConfig{RuntimesMax: 10}, driver.StateConfig{StateRoot: t.TempDir()}, daemon,
			engine.Config{CallTimeout: time.Minute, ProbeTimeout: 5 * time.Second}),
		testkit.StandIn[admin.Auditor](&admintest.Auditor{}), testkit.StandIn[Notifier](g.notifier),
		ProvideObserver(func() Observer { return observer }),
		fx.Populate(&g.s, &versions, &g.engines, &g.db))
	_, _, err := versions.Register(t.Context(), engineversion.NewVersion{Version: "0.1.0", ImageRef: image})
	require.NoError(t, err)
	return g
}

// becomes waits until observers are told that the engine is in that state.
func (g *realGame) becomes(observed Observed) Change {
	g.Helper()
	for {
		select {
		case c := <-g.changes:
			if c.Observed == string(observed) {
				return c
			}
		case <-time.After(time.Minute):
			g.Fatalf("the engine did not become %s", observed)
		}
	}
}

func (g *realGame) request(request requestFunc) {
	g.Helper()
	require.NoError(g, g.db.InTx(g.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := request(ctx, tx, g.id, User)
		return err
	}))
}

// start is the first start, with two races.
func (g *realGame) start() Change {
	g.Helper()
	idle := 0
	g.request(func(ctx context.Context, tx *pg.Tx, game uuid.UUID, by Source) (uuid.UUID, error) {
		return g.s.Start(ctx, tx, Spec{GameID: game, Version: "0.1.0", Init: enginev1.InitRequest{
			ContractVersion: enginev1.ContractVersion, GameID: game.String(),
			Races:   []enginev1.InitRace{{UserID: "u1", RaceName: "Zorg"}, {UserID: "u2", RaceName: "Vogons"}},
			Options: &enginev1.InitOptions{IdleTurnLimit: &idle},
		}}, by)
	})
	return g.becomes(Running)
}

// playTurn makes a turn under a lease and calls everything that players can.
func (g *realGame) playTurn() {
	g.Helper()
	ctx := g.Context()
	lease, err := g.s.Lease(ctx, g.id, time.Minute)
	require.NoError(g, err)
	_, err = g.engines.Turn(ctx, g.id, 1)
	require.NoError(g, err)
	require.NoError(g, g.s.Release(ctx, lease))
	orders, err := g.engines.Order(ctx, g.id, enginev1.OrderRequest{
		RaceName: "Zorg", Turn: 1, Mode: enginev1.ModeLenient,
		Orders: []enginev1.Order{enginev1.CreateType("Hauler", 2, 0, 0, 0, 1)},
	})
	require.NoError(g, err)
	require.Equal(g, 1, orders.Accepted)
	_, err = g.engines.Order(ctx, g.id, enginev1.OrderRequest{RaceName: "Zorg", Turn: 0})
	current, ok := engine.CurrentTurn(err)
	require.True(g, ok)
	require.Equal(g, 1, current)
	_, err = g.engines.Command(ctx, g.id, enginev1.CommandRequest{
		RaceName: "Zorg", Turn: 1, CommandID: uuid.NewString(),
		Command: enginev1.SetRelation("Vogons", enginev1.Peace).Raw(),
	})
	require.NoError(g, err)
	_, err = g.engines.Banish(ctx, g.id, "Nobody", "operator")
	require.ErrorIs(g, err, engine.ErrRaceNotFound)
	report, err := g.engines.Report(ctx, g.id, engine.ReportQuery{Race: "Zorg"})
	require.NoError(g, err)
	require.NotEmpty(g, report.ETag)
	text, err := g.engines.Report(ctx, g.id, engine.ReportQuery{Race: "Zorg", Accept: engine.TextReport})
	require.NoError(g, err)
	require.Contains(g, string(text.Body), "Zorg")
}

// liveThrough takes a game through its life. kill takes the engine away once.
func (g *realGame) liveThrough(kill func(Record)) {
	g.Helper()
	started := g.start()
	require.Equal(g, "start", started.Operation)
	require.Equal(g, 0, started.Status.At())
	require.Len(g, started.Status.Races, 2)
	g.playTurn()
	status, err := g.engines.Status(g.Context(), g.id)
	require.NoError(g, err)

	g.request(g.s.Restart)
	restarted := g.becomes(Running)
	require.Equal(g, 2, restarted.Generation)
	require.Equal(g, status.StateHash, restarted.Status.StateHash, "a restart initializes no game")

	r, err := g.s.Record(g.Context(), g.id)
	require.NoError(g, err)
	kill(r)
	require.Equal(g, status.StateHash, g.becomes(Running).Status.StateHash, "a crashed engine comes back as it was")

	g.request(g.s.Stop)
	require.Equal(g, "stop", g.becomes(Stopped).Operation)
	_, err = g.engines.Status(g.Context(), g.id)
	require.ErrorIs(g, err, engine.ErrUnreachable)
	g.request(g.s.Remove)
	g.becomes(Removed)
	require.FileExists(g, filepath.Join(r.StateDir, "game.json"), "the state outlives the engine")
}
