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

// Start opens the pool. It waits for a stop under way.
func (p *Pool) Start(ctx context.Context) error {
	for {
		old := p.open()
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

// open starts a life unless there is one. It returns the old one when that one
// is on its way out.
func (p *Pool) open() (old *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != nil {
		if p.life.stopping {
			return p.life
		}
		return nil
	}
	p.life = &life{done: make(chan struct{})}
	p.life.ctx, p.life.cancel = context.WithCancel(context.Background())
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
	if p.life == nil || p.life.stopping {
		<-p.slots
		return ErrStopped
	}
	ctx = p.life.ctx
	p.life.tasks.Go(func() {
		defer func() { <-p.slots }()
		defer func() {
			if r := recover(); r != nil {
				panicked(ctx, "pool")
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
	l := p.life
	if l != nil && !l.stopping {
		l.stopping = true
		go p.bury(l)
	}
	p.mu.Unlock()
	if l == nil {
		return nil
	}
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		l.cancel()
		<-l.done
		return fmt.Errorf("tasks were cut short: %w", ctx.Err())
	}
}

// bury ends a life once its last task has ended.
func (p *Pool) bury(l *life) {
	l.tasks.Wait()
	l.cancel()
	p.mu.Lock()
	p.life = nil
	p.mu.Unlock()
	close(l.done)
}
