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

	mu   sync.Mutex
	life *life // nil while the pool is stopped
}

// life is one life of the pool, from a Start to a Stop.
type life struct {
	ctx    context.Context //nolint:containedctx // the tasks' own
	cancel context.CancelFunc
	tasks  sync.WaitGroup
}

// NewPool makes a stopped pool of size workers.
func NewPool(size int, log *zap.Logger) *Pool {
	return &Pool{log: log, slots: make(chan struct{}, max(size, 1))}
}

// Start opens the pool.
func (p *Pool) Start(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == nil {
		p.life = &life{}
		p.life.ctx, p.life.cancel = context.WithCancel(context.Background())
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
	if p.life == nil {
		<-p.slots
		return ErrStopped
	}
	ctx = p.life.ctx
	p.life.tasks.Go(func() {
		defer func() { <-p.slots }()
		defer func() {
			if r := recover(); r != nil {
				p.log.Error("task panicked", zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			}
		}()
		task(ctx)
	})
	return nil
}

// Stop takes no more tasks and waits for those under way. When ctx ends first
// they are cancelled, and Stop waits for them to notice.
func (p *Pool) Stop(ctx context.Context) error {
	p.mu.Lock()
	l := p.life
	p.life = nil
	p.mu.Unlock()
	if l == nil {
		return nil
	}
	defer l.cancel()
	done := make(chan struct{})
	go func() { l.tasks.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		l.cancel()
		<-done
		return fmt.Errorf("tasks were cut short: %w", ctx.Err())
	}
}
