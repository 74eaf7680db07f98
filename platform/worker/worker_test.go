package worker_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// passes counts passes and lets a test wait for the next one.
type passes struct{ c chan struct{} }

func newPasses() *passes { return &passes{c: make(chan struct{}, 100)} }

func (p *passes) pass(context.Context) (bool, error) { p.c <- struct{}{}; return false, nil }

func start(t *testing.T, clk clock.Clock, pass worker.Pass) *worker.Loop {
	t.Helper()
	l := worker.NewLoop("test", time.Minute, clk, zap.NewNop(), pass)
	require.NoError(t, l.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, l.Stop(context.Background())) })
	return l
}

func TestALoopPassesAtStartAtEveryPeriodAndWhenWoken(t *testing.T) {
	t.Parallel()
	clk, p := clock.NewFake(noon), newPasses()
	l := start(t, clk, p.pass)
	<-p.c
	clk.BlockUntil(1)
	clk.Advance(time.Minute)
	<-p.c
	clk.BlockUntil(1)
	l.Wake()
	<-p.c
	clk.BlockUntil(1)
	clk.Advance(59 * time.Second)
	require.Empty(t, p.c, "the period starts anew with each pass")
}

func TestWakeUpsDuringAPassAreOne(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	entered, leave := make(chan struct{}), make(chan struct{})
	l := start(t, clk, func(context.Context) (bool, error) { entered <- struct{}{}; <-leave; return false, nil })
	<-entered
	for range 10 {
		l.Wake()
	}
	leave <- struct{}{}
	<-entered
	leave <- struct{}{}
	clk.BlockUntil(1)
	require.Empty(t, entered)
}

func TestAPassThatAsksForMoreIsRepeatedAtOnce(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	done := make(chan struct{})
	start(t, clock.NewFake(noon), func(context.Context) (bool, error) {
		if n.Add(1) == 5 {
			close(done)
			return false, nil
		}
		return true, nil
	})
	<-done
	require.EqualValues(t, 5, n.Load())
}

func TestAFailedOrPanickingPassDoesNotEndTheLoop(t *testing.T) {
	t.Parallel()
	clk := clock.NewFake(noon)
	ran := make(chan int, 10)
	n := 0
	start(t, clk, func(context.Context) (bool, error) {
		n++
		ran <- n
		switch n {
		case 1:
			return true, errors.New("database is down")
		case 2:
			panic("nil map")
		}
		return false, nil
	})
	for want := 1; want <= 3; want++ {
		require.Equal(t, want, <-ran)
		clk.BlockUntil(1)
		clk.Advance(time.Minute)
	}
}

func TestStopLetsThePassUnderWayFinish(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	finished := false
	l := worker.NewLoop("test", time.Minute, clock.System{}, zap.NewNop(), func(ctx context.Context) (bool, error) {
		close(entered)
		<-leave
		finished = ctx.Err() == nil
		return true, nil
	})
	require.NoError(t, l.Start(t.Context()))
	<-entered
	go close(leave)
	require.NoError(t, l.Stop(t.Context()))
	require.True(t, finished)
}

func TestStopCutsAPassThatOutlivesItsBudget(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{})
	l := worker.NewLoop("test", time.Minute, clock.System{}, zap.NewNop(), func(ctx context.Context) (bool, error) {
		close(entered)
		<-ctx.Done()
		return false, ctx.Err()
	})
	require.NoError(t, l.Start(t.Context()))
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, l.Stop(ctx), "cut short")
}

func TestEveryoneWhoStopsALoopWaitsForItsPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		entered, leave := make(chan struct{}), make(chan struct{})
		var passes atomic.Int32
		l := worker.NewLoop("test", time.Minute, clock.System{}, zap.NewNop(), func(context.Context) (bool, error) {
			if passes.Add(1) == 1 {
				close(entered)
				<-leave
			}
			return false, nil
		})
		require.NoError(t, l.Start(t.Context()))
		<-entered
		var stopped atomic.Int32
		for range 2 {
			go func() { _ = l.Stop(context.Background()); stopped.Add(1) }()
		}
		synctest.Wait()
		require.Zero(t, stopped.Load(), "the pass is still under way")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorContains(t, l.Start(ctx), "still stopping", "two passes must not run side by side")
		close(leave)
		synctest.Wait()
		require.EqualValues(t, 2, stopped.Load())
		require.NoError(t, l.Start(t.Context()))
		require.NoError(t, l.Stop(t.Context()))
		require.EqualValues(t, 2, passes.Load())
	})
}

func TestEveryoneWhoStopsAPoolWaitsForItsTasks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := worker.NewPool(1, zap.NewNop())
		require.NoError(t, p.Start(t.Context()))
		leave := make(chan struct{})
		require.NoError(t, p.Go(t.Context(), func(context.Context) { <-leave }))
		var stopped atomic.Int32
		for range 2 {
			go func() { _ = p.Stop(context.Background()); stopped.Add(1) }()
		}
		synctest.Wait()
		require.Zero(t, stopped.Load(), "the task is still under way")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorContains(t, p.Start(ctx), "still stopping")
		close(leave)
		synctest.Wait()
		require.EqualValues(t, 2, stopped.Load())
	})
}

// stress starts and stops a component from many goroutines at once.
func stress(t *testing.T, startIt, stopIt func(context.Context) error) {
	t.Helper()
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 50 {
				if err := startIt(t.Context()); err != nil {
					t.Error(err)
				}
				if err := stopIt(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, stopIt(t.Context()))
}

func TestLoopsAndPoolsTolerateAnyOrderOfStartAndStop(t *testing.T) {
	t.Parallel()
	l := worker.NewLoop("test", time.Minute, clock.System{}, zap.NewNop(), func(context.Context) (bool, error) { return false, nil })
	stress(t, l.Start, l.Stop)
	p := worker.NewPool(2, zap.NewNop())
	stress(t, func(ctx context.Context) error {
		_ = p.Start(ctx)
		_ = p.Go(ctx, func(context.Context) {})
		return nil
	}, p.Stop)
}

func TestAPoolRunsNoMoreThanItsSizeAtATime(t *testing.T) {
	t.Parallel()
	p := worker.NewPool(3, zap.NewNop())
	require.NoError(t, p.Start(t.Context()))
	var running, most atomic.Int32
	for range 30 {
		require.NoError(t, p.Go(t.Context(), func(context.Context) {
			n := running.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			running.Add(-1)
		}))
	}
	require.NoError(t, p.Stop(t.Context()))
	require.LessOrEqual(t, most.Load(), int32(3))
	require.Equal(t, 3, p.Free())
	require.ErrorIs(t, p.Go(t.Context(), func(context.Context) {}), worker.ErrStopped)
}

func TestATaskThatPanicsFreesItsWorker(t *testing.T) {
	t.Parallel()
	p := worker.NewPool(1, zap.NewNop())
	require.NoError(t, p.Start(t.Context()))
	require.NoError(t, p.Go(t.Context(), func(context.Context) { panic("nil map") }))
	done := make(chan struct{})
	require.NoError(t, p.Go(t.Context(), func(context.Context) { close(done) }))
	<-done
	require.NoError(t, p.Stop(t.Context()))
}

func TestWaitingForAWorkerEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	p := worker.NewPool(1, zap.NewNop())
	require.NoError(t, p.Start(t.Context()))
	leave := make(chan struct{})
	require.NoError(t, p.Go(t.Context(), func(context.Context) { <-leave }))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, p.Go(ctx, func(context.Context) {}), context.Canceled)
	close(leave)
	require.NoError(t, p.Stop(t.Context()))
}
