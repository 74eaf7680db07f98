package runtime

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/modules/runtime/driver/drivertest"
	"galaxy/backend/platform/pg"
)

// newWorker is a stopped worker. The fixture's clock stands still, so that only
// signals and hints make it look.
func (f *fixture) newWorker() *Worker {
	f.Helper()
	w := NewWorker(f.cfg, f.db, f.clock, zap.NewNop(), f.host, f.converger, f.reconciler, f.prefetcher, f.signal,
		f.prefetch)
	f.Cleanup(func() { require.NoError(f, w.Stop(context.Background())) })
	return w
}

// startWorker runs a worker, and sends what observers are told.
func (f *fixture) startWorker() (*Worker, <-chan Change) {
	f.Helper()
	told := make(chan Change, 1000)
	f.observer.hook = func(_ context.Context, tx *pg.Tx, c Change) error {
		tx.OnCommit(func() { told <- c })
		return nil
	}
	w := f.newWorker()
	require.NoError(f, w.Start(f.Context()))
	return w, told
}

// next waits until an observer is told.
func (f *fixture) next(told <-chan Change) Change {
	f.Helper()
	select {
	case c := <-told:
		return c
	case <-f.Context().Done():
		f.Fatal("observers were told nothing")
		return Change{}
	}
}

func TestARequestWakesTheWorkers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, told := f.startWorker()
	game := f.start()
	require.Equal(t, game, f.next(told).GameID)
	f.request(f.s.Stop, game)
	require.Equal(t, "stopped", f.next(told).Observed)
}

func TestAHundredStartsAtOnceAllRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, told := f.startWorker()
	started := map[uuid.UUID]bool{}
	for range 100 {
		started[f.start()] = true
	}
	for range 100 {
		c := f.next(told)
		require.Equal(t, "running", c.Observed)
		delete(started, c.GameID)
	}
	require.Empty(t, started)
}

func TestWhatAStoppedProcessLeftBehindIsDoneAtTheNextStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	game := f.start()
	f.signalled() // nobody was there to be woken
	_, told := f.startWorker()
	require.Equal(t, game, f.next(told).GameID)
}

func TestAReleasedLeaseWakesTheWorkers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, told := f.startWorker()
	game := f.start()
	f.next(told)
	lease, err := f.s.Lease(t.Context(), game, time.Minute)
	require.NoError(t, err)
	f.request(f.s.Stop, game)
	require.NoError(t, f.s.Release(t.Context(), lease))
	require.Equal(t, "stopped", f.next(told).Observed)
}

func TestAQueuedPrefetchWakesThePuller(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	pulled := make(chan struct{}, 1)
	f.driver.After(func(op string, _ uuid.UUID) error {
		if op == "pull" {
			pulled <- struct{}{}
		}
		return nil
	})
	f.startWorker()
	f.queuePrefetch()
	<-pulled
	require.NotEqual(t, engineversion.PrefetchQueued, f.version().Prefetch)
}

func TestAHintMakesTheLookComeSooner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, told := f.startWorker()
	game := f.start()
	f.next(told)
	f.driver.Change(game, func(o *driver.Observed) { o.Phase, o.ExitCode = driver.PhaseExited, 3 })
	f.driver.Hint(driver.Hint{GameID: game, Action: "die"})
	require.Equal(t, "starting", f.next(told).Observed)
	require.Equal(t, 3, *f.record(game).ExitCode)
}

func TestAHintOfAnythingComparesEverything(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, told := f.startWorker()
	game := f.start()
	f.next(told)
	f.driver.Change(game, func(o *driver.Observed) { o.Phase = driver.PhaseExited })
	f.driver.Hint(driver.Hint{})
	require.Equal(t, game, f.next(told).GameID)
}

func TestTheWorkerMayBeStartedAndStoppedAnyNumberOfTimes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.newWorker()
	require.NoError(t, w.Stop(t.Context()))
	for range 20 {
		require.NoError(t, w.Start(t.Context()))
		require.NoError(t, w.Start(t.Context()))
		f.signal.Send()
		require.NoError(t, w.Stop(t.Context()))
		require.NoError(t, w.Stop(t.Context()))
	}
}

func TestAStopWaitsForTheStepUnderWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	f.driver.After(func(op string, _ uuid.UUID) error {
		if op == "ensure" {
			close(entered)
			<-leave
		}
		return nil
	})
	w, _ := f.startWorker()
	game := f.start()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- w.Stop(context.Background()) }()
	close(leave)
	require.NoError(t, <-stopped)
	require.Equal(t, Running, f.record(game).Observed, "what has begun ends and is recorded")
}

// hung is a driver that does not return from Ensure until it has to.
type hung struct {
	*drivertest.Fake
	entered chan struct{}
}

func (h hung) Ensure(ctx context.Context, _ driver.Spec) (driver.Observed, error) {
	close(h.entered)
	<-ctx.Done()
	return driver.Observed{}, ctx.Err()
}

func TestAStopThatTakesTooLongCutsTheStepAndCountsNoFailure(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	entered := make(chan struct{})
	f.calls.driver = hung{f.driver, entered}
	w, _ := f.startWorker()
	game := f.start()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, w.Stop(ctx), "cut short")
	r := f.record(game)
	require.Equal(t, Starting, r.Observed)
	require.Zero(t, r.Failures)
	f.calls.driver = f.driver
	require.Equal(t, 1, f.converge(), "the game is due at once")
	require.Equal(t, Running, f.record(game).Observed)
}

func TestAPassClaimsNoMoreThanCanBeWorkedOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.cfg.WorkerPoolSize = 2
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	f.driver.Before(func(op string, _ uuid.UUID) error {
		if op == "pull" {
			entered <- struct{}{}
			<-leave
		}
		return nil
	})
	for range 5 {
		f.start()
	}
	_, told := f.startWorker()
	<-entered
	<-entered
	claims, err := f.converger.claim(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, claims, 3, "those that nobody works on were not claimed")
	for _, claim := range claims {
		f.converger.postpone(t.Context(), claim, ErrLeaseLost)
	}
	close(leave)
	for range 5 {
		require.Equal(t, "running", f.next(told).Observed)
	}
}
