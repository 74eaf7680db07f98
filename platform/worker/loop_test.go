package worker_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// passes lets a test wait for the next pass.
type passes struct{ c chan struct{} }

func newPasses() *passes { return &passes{c: make(chan struct{}, 100)} }

func (p *passes) pass(context.Context) (bool, error) { p.c <- struct{}{}; return false, nil }

func startLoop(t *testing.T, clk clock.Clock, pass worker.Pass) *worker.Loop {
	t.Helper()
	l := worker.NewLoop("test", time.Minute, clk, zap.NewNop(), pass)
	require.NoError(t, l.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, l.Stop(context.Background())) })
	return l
}

func TestALoopPassesAtStartAtEveryPeriodAndWhenWoken(t *testing.T) {
	t.Parallel()
	clk, p := clock.NewFake(noon), newPasses()
	l := startLoop(t, clk, p.pass)
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
	l := startLoop(t, clk, func(context.Context) (bool, error) { entered <- struct{}{}; <-leave; return false, nil })
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
	startLoop(t, clock.NewFake(noon), func(context.Context) (bool, error) {
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
	startLoop(t, clk, func(context.Context) (bool, error) {
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

func TestAnUnstartedLoopIsStoppedAtOnce(t *testing.T) {
	t.Parallel()
	l := worker.NewLoop("test", time.Minute, clock.System{}, zap.NewNop(), func(context.Context) (bool, error) {
		t.Error("a pass ran")
		return false, nil
	})
	l.Wake()
	require.NoError(t, l.Stop(t.Context()))
}

func TestAStoppedLoopStartsNoPassForAWakeUp(t *testing.T) {
	t.Parallel()
	clk, p := clock.NewFake(noon), newPasses()
	l := startLoop(t, clk, p.pass)
	<-p.c
	clk.BlockUntil(1)
	require.NoError(t, l.Stop(t.Context()))
	l.Wake()
	clk.Advance(time.Hour)
	require.Empty(t, p.c)
	require.NoError(t, l.Start(t.Context()))
	<-p.c // the start
	<-p.c // the wake-up was kept
}

// A failed pass may leave work behind, but trying again at once would only
// repeat the failure.
func TestAFailedPassWaitsForThePeriodAlthoughItAsksForMore(t *testing.T) {
	t.Parallel()
	clk, p := clock.NewFake(noon), newPasses()
	startLoop(t, clk, func(ctx context.Context) (bool, error) {
		_, _ = p.pass(ctx)
		return true, errors.New("database is down")
	})
	<-p.c
	clk.BlockUntil(1)
	require.Empty(t, p.c)
}
