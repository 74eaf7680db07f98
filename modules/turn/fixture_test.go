package turn

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/admin/admintest"
	"galaxy/backend/modules/notification/notificationtest"
	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/outbox"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/schedule"
	"galaxy/backend/platform/testkit"
	"galaxy/backend/platform/worker"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// fixture is the domain on a real database, with stand-ins for its neighbours.
// Its runner works when run says so.
type fixture struct {
	testing.TB
	db       *pg.DB
	clock    *clock.Fake
	games    *fakeGames
	engine   *fakeEngine
	leaser   *fakeLeaser
	notifier *notificationtest.Recorder
	auditor  *admintest.Auditor
	observer *Observer
	runner   *Runner
	service  *Service
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{
		TB: t, db: testkit.DB(t), clock: clock.NewFake(noon), engine: newFakeEngine(),
		leaser: newFakeLeaser(), notifier: &notificationtest.Recorder{}, auditor: &admintest.Auditor{},
	}
	f.games = newFakeGames(f.engine)
	f.observer = NewObserver(f.clock, f.games, f.notifier, worker.NewSignal())
	f.games.observer = f.observer
	f.runner, f.service = f.newRunner()
	return f
}

func config() Config {
	return Config{
		SweepInterval: time.Minute, MaxAttempts: 3, RetryBase: time.Second, PoolSize: 4, CallTimeout: time.Minute,
	}
}

// newRunner makes another runner and its service, as a process of its own would.
func (f *fixture) newRunner() (*Runner, *Service) {
	f.Helper()
	return f.newRunnerWith(config(), worker.NewSignal())
}

func (f *fixture) newRunnerWith(cfg Config, signal *worker.Signal) (*Runner, *Service) {
	f.Helper()
	r, err := NewRunner(f.db, f.clock, zap.NewNop(), cfg, f.games, f.games, f.games,
		f.leaser, f.engine, f.notifier, signal)
	require.NoError(f, err)
	return r, NewService(f.db, f.clock, f.games, f.games, f.engine, f.auditor, signal)
}

// run has the runner make passes until nothing is left to do now.
func (f *fixture) run() { f.Helper(); f.runWith(f.runner) }

func (f *fixture) runWith(r *Runner) {
	f.Helper()
	require.NoError(f, r.pool.Start(f.Context()))
	for range 20 {
		again, err := r.runOnce(f.Context())
		require.NoError(f, err)
		require.NoError(f, r.pool.Stop(f.Context())) // waits for the runs
		require.NoError(f, r.pool.Start(f.Context()))
		if !again && f.pending() == 0 {
			break
		}
	}
	require.NoError(f, r.pool.Stop(f.Context()))
}

func (f *fixture) pending() int64 {
	f.Helper()
	const queued = `SELECT count(*) FROM turn_runs WHERE status = 'queued' AND next_attempt_at <= $1`
	const due = `SELECT count(*) FROM turn_clocks c WHERE status = 'running' AND next_turn_at <= $1
  AND NOT EXISTS (SELECT 1 FROM turn_runs r WHERE r.game_id = c.game_id AND r.status IN ('queued', 'running'))`
	return f.count(queued, f.clock.Now()) + f.count(due, f.clock.Now())
}

func (f *fixture) count(sql string, args ...any) int64 {
	f.Helper()
	n, err := pg.Get[int64](f.Context(), f.db, sql, args...)
	require.NoError(f, err)
	return n
}

func (f *fixture) inTx(fn func(ctx context.Context, tx *pg.Tx) error) {
	f.Helper()
	require.NoError(f, f.db.InTx(f.Context(), fn))
}

func (f *fixture) exec(sql string, args ...any) {
	f.Helper()
	f.inTx(func(ctx context.Context, tx *pg.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
}

func hourly() schedule.Settings {
	return schedule.Settings{Mode: schedule.Interval, Interval: time.Hour}
}

func earlyWhenReady() schedule.Settings {
	return schedule.Settings{Mode: schedule.Manual, EarlyWhenReady: true}
}

// claim queues what is due and claims it, as a runner does that goes no further.
func (f *fixture) claim() []outbox.Claim {
	f.Helper()
	_, err := f.runner.queueDue(f.Context(), f.clock.Now())
	require.NoError(f, err)
	claims, err := runQueue.Claim(f.Context(), f.db, f.clock.Now(), 8, time.Minute, nil)
	require.NoError(f, err)
	return claims
}

// expireClaims lets the claims of runners run out that are gone.
func (f *fixture) expireClaims() {
	f.Helper()
	f.exec(`UPDATE turn_runs SET lease_until = clock_timestamp() - interval '1 second' WHERE status = 'running'`)
}

// attempt is what a runner holds that has just claimed a run.
func (f *fixture) attempt(c outbox.Claim) attempt {
	f.Helper()
	run, err := store{}.run(f.Context(), f.db, c.Key)
	require.NoError(f, err)
	clk, err := store{}.clock(f.Context(), f.db, run.GameID)
	require.NoError(f, err)
	return attempt{run: run, claim: c, clock: clk, log: zap.NewNop()}
}

// operator is the context of an operator's request.
func operator(t testing.TB) context.Context {
	return httpx.WithCall(t.Context(), "req-1", uuid.Nil, httpx.Principal{Username: "root", Role: httpx.Operator})
}
