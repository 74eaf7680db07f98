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

	mu  sync.Mutex
	run *poolRun // nil while the pool is stopped
}

// poolRun is the pool from a Start to a Stop.
type poolRun struct {
	ctx      context.Context //nolint:containedctx // the tasks' own
	cancel   context.CancelFunc
	tasks    sync.WaitGroup
	stopping bool          // no new tasks; guarded by the pool's mu
	done     chan struct{} // closed when the last task has ended
}

// NewPool makes a stopped pool of size workers.
func NewPool(size int, log *zap.Logger) *Pool {
	return &Pool{log: log, slots: make(chan struct{}, max(size, 1))}
}

// Start has the pool take tasks. It waits for a stop under way.
func (p *Pool) Start(ctx context.Context) error {
	for {
		old := p.begin()
		if old == nil {
			return nil
		}
		select {
		case <-old.done:
		case <-ctx.Done():
			return fmt.Errorf("the pool is still stopping: %w", ctx.Err())
		}
	}
}

// begin starts a run unless there is one. It returns the old one when that one
// is stopping.
func (p *Pool) begin() (old *poolRun) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.run != nil {
		if p.run.stopping {
			return p.run
		}
		return nil
	}
	p.run = &poolRun{done: make(chan struct{})}
	p.run.ctx, p.run.cancel = context.WithCancel(context.Background())
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
	if p.run == nil || p.run.stopping {
		<-p.slots
		return ErrStopped
	}
	ctx = p.run.ctx
	p.run.tasks.Go(func() {
		defer func() { <-p.slots }()
		defer func() {
			if r := recover(); r != nil {
				countPanic(ctx, "pool")
				p.log.Error("task panicked", zap.Any("panic", r), zap.ByteString("stack", debug.Stack()))
			}
		}()
		task(ctx)
	})
	return nil
}

// Stop takes no more tasks and waits for those under way. When ctx ends first
// they are cancelled, and Stop waits for them to notice. Everyone who calls it
// waits.
func (p *Pool) Stop(ctx context.Context) error {
	p.mu.Lock()
	r := p.run
	if r != nil && !r.stopping {
		r.stopping = true
		go p.finish(r)
	}
	p.mu.Unlock()
	if r == nil {
		return nil
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		r.cancel()
		<-r.done
		return fmt.Errorf("tasks were cut short: %w", ctx.Err())
	}
}

// finish ends a run once its last task has ended.
func (p *Pool) finish(r *poolRun) {
	r.tasks.Wait()
	r.cancel()
	p.mu.Lock()
	p.run = nil
	p.mu.Unlock()
	close(r.done)
}
