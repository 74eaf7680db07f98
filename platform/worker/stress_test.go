package worker_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

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
	pass := func(context.Context) (bool, error) { return false, nil }
	l := worker.NewLoop("test", time.Minute, clock.System{}, zap.NewNop(), pass)
	stress(t, l.Start, l.Stop)
	p := worker.NewPool(2, zap.NewNop())
	stress(t, func(ctx context.Context) error {
		_ = p.Start(ctx)
		_ = p.Go(ctx, func(context.Context) {})
		return nil
	}, p.Stop)
}
