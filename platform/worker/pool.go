package worker

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"go.uber.org/zap"
)

// ErrStopped is what a stopped pool answers.
var ErrStopped = errors.New("the pool is stopped")

// Pool runs tasks side by side, a bounded number at a time.
type Pool struct {
	log   *zap.Logger
	slots chan struct{}

	mu      sync.Mutex
	open    bool
	ctx     context.Context //nolint:containedctx // the life of the pool's tasks
	cancel  context.CancelFunc
	pending sync.WaitGroup
}

// NewPool makes a stopped pool of size workers.
func NewPool(size int, log *zap.Logger) *Pool {
	return &Pool{log: log, slots: make(chan struct{}, max(size, 1))}
}

// Start opens the pool.
func (p *Pool) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.open {
		p.open = true
		p.ctx, p.cancel = context.WithCancel(context.Background())
	}
	return nil
}

// Free is how many tasks could start at once.
func (p *Pool) Free() int { return cap(p.slots) - len(p.slots) }

// Go runs task when a worker is free, and waits for one until ctx ends. The
// task's context ends when a stop's budget is over, not with ctx.
func (p *Pool) Go(ctx context.Context, task func(ctx context.Context)) error {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.open {
		<-p.slots
		return ErrStopped
	}
	life := p.ctx
	p.pending.Go(func() {
		defer func() { <-p.slots }()
		defer func() {
			if r := recover(); r != nil {
				p.log.Error("task panicked", zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			}
		}()
		task(life)
	})
	return nil
}

// Stop takes no more tasks and waits for those under way. When ctx ends first
// they are cancelled, and Stop waits for them to notice.
func (p *Pool) Stop(ctx context.Context) error {
	p.mu.Lock()
	if !p.open {
		p.mu.Unlock()
		return nil
	}
	p.open = false
	cancel := p.cancel
	p.mu.Unlock()
	done := make(chan struct{})
	go func() { p.pending.Wait(); close(done) }()
	select {
	case <-done:
		cancel()
		return nil
	case <-ctx.Done():
		cancel()
		<-done
		return fmt.Errorf("tasks were cut short: %w", ctx.Err())
	}
}
