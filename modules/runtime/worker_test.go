package runtime

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/modules/runtime/driver"
	"galaxy/backend/platform/pg"
)

// working is a bench whose worker runs. Its clock stands still, so that only
// wake-ups and hints make it look.
func working(t *testing.T) (*bench, *Worker) {
	t.Helper()
	b := newBench(t)
	w := NewWorker(b.c, b.prefetch, b.clock, zap.NewNop())
	t.Cleanup(func() { require.NoError(t, w.Stop(context.Background())) })
	return b, w
}

// hears waits until an observer heard of n changes.
func (b *bench) hears(heard chan Change, n int) []Change {
	b.Helper()
	out := make([]Change, 0, n)
	for range n {
		select {
		case c := <-heard:
			out = append(out, c)
		case <-b.Context().Done():
			b.Fatal("nothing was heard")
		}
	}
	return out
}

func (b *bench) listen() chan Change {
	heard := make(chan Change, 1000)
	b.heard.hook = func(_ context.Context, tx *pg.Tx, c Change) error {
		tx.OnCommit(func() { heard <- c })
		return nil
	}
	return heard
}

func TestARequestWakesTheWorkers(t *testing.T) {
	t.Parallel()
	b, w := working(t)
	heard := b.listen()
	require.NoError(t, w.Start(t.Context()))
	game := b.start()
	require.Equal(t, game, b.hears(heard, 1)[0].GameID)
	b.want(b.s.Stop, game)
	require.Equal(t, "stopped", b.hears(heard, 1)[0].Observed)
}

func TestAHundredStartsAtOnceAllRun(t *testing.T) {
	t.Parallel()
	b, w := working(t)
	heard := b.listen()
	require.NoError(t, w.Start(t.Context()))
	started := map[uuid.UUID]bool{}
	for range 100 {
		started[b.start()] = true
	}
	for _, c := range b.hears(heard, 100) {
		require.Equal(t, "running", c.Observed)
		delete(started, c.GameID)
	}
	require.Empty(t, started)
}

func TestWhatAStoppedProcessLeftBehindIsDoneAtTheNextStart(t *testing.T) {
	t.Parallel()
	b, w := working(t)
	heard := b.listen()
	game := b.start()
	require.NoError(t, w.Start(t.Context()))
	require.Equal(t, game, b.hears(heard, 1)[0].GameID)
}

func TestAHintMakesTheLookComeSooner(t *testing.T) {
	t.Parallel()
	b, w := working(t)
	heard := b.listen()
	require.NoError(t, w.Start(t.Context()))
	game := b.start()
	b.hears(heard, 1)
	b.driver.set(game, func(o *driver.Observed) { o.Phase, o.ExitCode = driver.PhaseExited, 3 })
	b.driver.hints <- driver.Hint{GameID: game, Action: "die"}
	require.Equal(t, "starting", b.hears(heard, 1)[0].Observed)
	require.Equal(t, 3, *b.record(game).ExitCode)
}

func TestAHintOfAnythingComparesEverything(t *testing.T) {
	t.Parallel()
	b, w := working(t)
	heard := b.listen()
	require.NoError(t, w.Start(t.Context()))
	game := b.start()
	b.hears(heard, 1)
	b.driver.set(game, func(o *driver.Observed) { o.Phase = driver.PhaseExited })
	b.driver.hints <- driver.Hint{}
	require.Equal(t, game, b.hears(heard, 1)[0].GameID)
}

func TestAHintDoesNotCutABackoffShort(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	game := b.running()
	b.driver.set(game, func(o *driver.Observed) { o.Phase = driver.PhaseExited })
	b.later(time.Minute)
	require.Equal(t, Starting, b.record(game).Observed)
	w := newWatch(b.c, func() {})
	require.NoError(t, w.pass(t.Context(), map[uuid.UUID]bool{game: true}))
	require.Zero(t, b.pass())
}

func TestTheWorkerMayBeStartedAndStoppedAnyNumberOfTimes(t *testing.T) {
	t.Parallel()
	b, w := working(t)
	require.NoError(t, w.Stop(t.Context()))
	for range 20 {
		require.NoError(t, w.Start(t.Context()))
		require.NoError(t, w.Start(t.Context()))
		b.s.Wake()
		require.NoError(t, w.Stop(t.Context()))
		require.NoError(t, w.Stop(t.Context()))
	}
}

func TestAStopWaitsForTheStepUnderWay(t *testing.T) {
	t.Parallel()
	b, w := working(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	b.driver.after = func(verb string) error {
		if verb == "ensure" {
			close(entered)
			<-leave
		}
		return nil
	}
	require.NoError(t, w.Start(t.Context()))
	game := b.start()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- w.Stop(context.Background()) }()
	close(leave)
	require.NoError(t, <-stopped)
	require.Equal(t, Running, b.record(game).Observed, "what has begun ends and is recorded")
}
