package runtime

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/notification/notificationtest"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/driver/drivertest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
	"galaxy/backend/platform/worker"
	enginev1 "galaxy/backend/proto/engine/v1"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var errBroken = errors.New("broken")

// fixture is the domain on a fresh database, with the engine version 1.2.3 and
// everything around it played by the test. Nothing runs by itself.
type fixture struct {
	*testing.T
	cfg      Config
	db       *pg.DB
	clock    *clock.Fake
	host     EngineHost
	driver   *drivertest.Fake
	engines  *fakeEngines
	observer *recorder
	notifier *notificationtest.Recorder
	auditor  *admintest.Auditor
	versions *engineversion.Service
	prefetch engineversion.PrefetchSignal
	signal   *worker.Signal

	states     *States
	calls      *DriverClient
	s          *Service
	inspector  *Inspector
	converger  *Converger
	reconciler *Reconciler
	prefetcher *Prefetcher
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		T: t, cfg: testConfig(), db: testkit.DB(t), clock: clock.NewFake(noon), driver: drivertest.NewFake(),
		engines: newFakeEngines(), observer: &recorder{name: "game"}, notifier: &notificationtest.Recorder{},
		auditor: &admintest.Auditor{}, prefetch: engineversion.NewPrefetchSignal(), signal: worker.NewSignal(),
	}
	m, err := newMetrics()
	require.NoError(t, err)
	log := zap.NewNop()
	f.host = EngineHost{Driver: f.driver, Dirs: driver.NewStateDirs(t.TempDir())}
	f.versions = engineversion.NewService(f.db, f.clock, f.auditor, f.prefetch)
	f.states = NewStates(f.db, CacheConfig{RuntimesMax: 1000})
	f.calls = NewDriverClient(f.cfg, f.host, m, log)
	f.s = NewService(f.db, f.clock, f.states, f.versions, f.auditor, f.signal)
	f.inspector = NewInspector(f.db, f.clock, f.states, f.calls, f.engines, f.auditor, m, f.signal)
	f.converger = NewConverger(f.cfg, f.db, f.clock, log, f.states, f.versions, f.versions, f.calls, f.engines,
		f.notifier, Observers{f.observer}, m, f.signal)
	f.reconciler = NewReconciler(f.db, f.clock, log, f.calls, f.notifier, f.signal)
	f.prefetcher = NewPrefetcher(f.versions, f.calls)
	f.register("1.2.3")
	return f
}

func testConfig() Config {
	cfg := Config{
		WorkerPoolSize: 4, JobQueueSize: 64, ReconcileInterval: time.Minute,
		ImagePullPolicy: driver.PullIfMissing, StopGracePeriod: time.Second,
	}
	cfg.ContainerCPUQuota, cfg.ContainerMemory, cfg.ContainerPidsLimit = 1, 64<<20, 64
	cfg.ContainerStateMount, cfg.ContainerLogDriver = "/var/lib/galaxy-game", "json-file"
	return cfg
}

// register adds versions of the engine, the first as the default.
func (f *fixture) register(versions ...string) {
	f.Helper()
	for _, v := range versions {
		_, _, err := f.versions.Register(f.Context(), engineversion.NewVersion{Version: v, ImageRef: "galaxy/engine:" + v})
		require.NoError(f, err)
	}
}

// setStatus makes another version the default when it has to.
func (f *fixture) setStatus(version string, status engineversion.Status) {
	f.Helper()
	f.register("9.9.9")
	_, err := f.versions.SetDefault(f.Context(), "9.9.9")
	require.NoError(f, err)
	_, err = f.versions.Patch(f.Context(), version, engineversion.Patch{Status: &status})
	require.NoError(f, err)
}

func (f *fixture) spec() Spec {
	game := uuid.Must(uuid.NewV7())
	return Spec{GameID: game, Version: "1.2.3", Init: enginev1.InitRequest{
		ContractVersion: 1, GameID: game.String(), Races: []enginev1.InitRace{{UserID: "u1", RaceName: "Zorg"}},
	}}
}

// inTx makes a request in a transaction of its own.
func (f *fixture) inTx(request func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error)) (id uuid.UUID, err error) {
	err = f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) (err error) {
		id, err = request(ctx, tx)
		return err
	})
	return id, err
}

// startSpec requests a start and returns the operation.
func (f *fixture) startSpec(spec Spec) uuid.UUID {
	f.Helper()
	id, err := f.inTx(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) { return f.s.Start(ctx, tx, spec, User) })
	require.NoError(f, err)
	return id
}

// start requests the engine of a new game and returns the game.
func (f *fixture) start() uuid.UUID {
	f.Helper()
	spec := f.spec()
	f.startSpec(spec)
	return spec.GameID
}

// startRunning is a new game whose engine runs; what observers were told of it is
// forgotten.
func (f *fixture) startRunning() uuid.UUID {
	f.Helper()
	game := f.start()
	f.converge()
	require.Equal(f, Running, f.record(game).Observed)
	f.observer.forget()
	return game
}

// request makes one of the service's requests for a user.
func (f *fixture) request(request requestFunc, game uuid.UUID) uuid.UUID {
	f.Helper()
	id, err := f.inTx(func(ctx context.Context, tx *pg.Tx) (uuid.UUID, error) { return request(ctx, tx, game, User) })
	require.NoError(f, err)
	return id
}

// claim takes one due game.
func (f *fixture) claim() outbox.Claim {
	f.Helper()
	claims, err := f.converger.claim(f.Context(), 1)
	require.NoError(f, err)
	require.Len(f, claims, 1)
	return claims[0]
}

// converge works on everything that is due now, and says how many games were.
func (f *fixture) converge() int {
	f.Helper()
	claims, err := f.converger.claim(f.Context(), 100)
	require.NoError(f, err)
	for _, claim := range claims {
		f.converger.converge(f.Context(), claim)
	}
	return len(claims)
}

// convergeAfter moves the clock and works on what became due.
func (f *fixture) convergeAfter(d time.Duration) int {
	f.Helper()
	f.clock.Advance(d)
	return f.converge()
}

func (f *fixture) record(game uuid.UUID) Record {
	f.Helper()
	r, err := f.s.Record(f.Context(), game)
	require.NoError(f, err)
	return r
}

func (f *fixture) operation(id uuid.UUID) Operation {
	f.Helper()
	o, err := f.s.Operation(f.Context(), id)
	require.NoError(f, err)
	return o
}

func (f *fixture) state(game uuid.UUID) State {
	f.Helper()
	state, err := f.states.State(f.Context(), game)
	require.NoError(f, err)
	return state
}

// exec stands for what crashed processes and other claims leave behind.
func (f *fixture) exec(statement string, args ...any) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, statement, args...)
		return err
	}))
}

// signalled reports whether the workers were woken since the last call.
func (f *fixture) signalled() bool {
	select {
	case <-f.signal.C():
		return true
	default:
		return false
	}
}
