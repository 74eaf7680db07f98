package worker_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/platform/worker"
)

func newPool(t *testing.T, size int) *worker.Pool {
	t.Helper()
	p := worker.NewPool(size, zap.NewNop())
	require.NoError(t, p.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, p.Stop(context.Background())) })
	return p
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

func TestAPoolThatIsNotStartedTakesNoTask(t *testing.T) {
	t.Parallel()
	p := worker.NewPool(1, zap.NewNop())
	require.NoError(t, p.Stop(t.Context()))
	require.ErrorIs(t, p.Go(t.Context(), func(context.Context) { t.Error("a task ran") }), worker.ErrStopped)
	require.Equal(t, 1, p.Free(), "the refused task holds no worker")
	require.NoError(t, p.Start(t.Context()))
	require.NoError(t, p.Go(t.Context(), func(context.Context) {}))
	require.NoError(t, p.Stop(t.Context()))
}

func TestAPoolHasAtLeastOneWorker(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1, newPool(t, 0).Free())
}

func TestATaskOutlivesTheRequestThatStartedIt(t *testing.T) {
	t.Parallel()
	p := newPool(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	leave, seen := make(chan struct{}), make(chan error, 1)
	require.NoError(t, p.Go(ctx, func(ctx context.Context) { <-leave; seen <- ctx.Err() }))
	cancel()
	close(leave)
	require.NoError(t, <-seen)
}

func TestStopCancelsTasksThatOutliveItsBudget(t *testing.T) {
	t.Parallel()
	p := worker.NewPool(2, zap.NewNop())
	require.NoError(t, p.Start(t.Context()))
	var cancelled atomic.Int32
	for range 2 {
		require.NoError(t, p.Go(t.Context(), func(ctx context.Context) { <-ctx.Done(); cancelled.Add(1) }))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := p.Stop(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "cut short")
	require.EqualValues(t, 2, cancelled.Load(), "Stop waits until they have noticed")
}

func TestATaskThatPanicsIsLoggedWithItsStack(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.ErrorLevel)
	p := worker.NewPool(1, zap.New(core))
	require.NoError(t, p.Start(t.Context()))
	require.NoError(t, p.Go(t.Context(), func(context.Context) { panic("nil map") }))
	require.NoError(t, p.Stop(t.Context()))
	entries := logs.FilterMessage("task panicked").All()
	require.Len(t, entries, 1)
	fields := entries[0].ContextMap()
	require.Equal(t, "nil map", fields["panic"])
	require.Contains(t, fields["stack"], "TestATaskThatPanicsIsLoggedWithItsStack")
}
