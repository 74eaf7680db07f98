package worker

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"galaxy/backend/platform/clock"
)

// Pass does one round of work. again asks for another round at once: there is
// more to do than one round takes.
type Pass func(ctx context.Context) (again bool, err error)

// Loop calls its pass when woken and every period.
type Loop struct {
	name   string
	period time.Duration
	clock  clock.Clock
	log    *zap.Logger
	pass   Pass
	signal *Signal

	mu      sync.Mutex
	running *loopRun
}

// loopRun is the loop from a Start to a Stop.
type loopRun struct {
	quit     chan struct{} // closed by Stop: no new pass
	done     chan struct{} // closed when the goroutine has ended
	cancel   context.CancelFunc
	stopping bool // quit is closed; guarded by the loop's mu
}

func (r *loopRun) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// Option changes how a loop is made.
type Option func(*Loop)

// WithSignal has the loop wait for a signal that others hold already, instead of
// one of its own.
func WithSignal(s *Signal) Option { return func(l *Loop) { l.signal = s } }

// NewLoop makes a stopped loop. name labels its logs, spans and metrics.
func NewLoop(name string, period time.Duration, clk clock.Clock, log *zap.Logger, pass Pass, options ...Option) *Loop {
	l := &Loop{name: name, period: period, clock: clk, log: log.With(zap.String("component", name)),
		pass: pass, signal: NewSignal()}
	for _, o := range options {
		o(l)
	}
	return l
}

// Start begins with a pass at once: whatever a crash left behind is due. It
// waits for a stop under way, so that two passes never run side by side.
func (l *Loop) Start(ctx context.Context) error {
	for {
		old, started := l.begin()
		if started || old == nil {
			return nil
		}
		select {
		case <-old.done:
		case <-ctx.Done():
			return fmt.Errorf("%s is still stopping: %w", l.name, ctx.Err())
		}
	}
}

// begin starts a run unless there is one. It returns the old one when that one
// is stopping.
func (l *Loop) begin() (old *loopRun, started bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old := l.running; old != nil && !old.ended() {
		if old.stopping {
			return old, false
		}
		return nil, false
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &loopRun{quit: make(chan struct{}), done: make(chan struct{}), cancel: cancel}
	l.running = r
	go func() {
		defer close(r.done)
		defer cancel()
		l.loop(ctx, r.quit)
	}()
	return nil, true
}

// Stop lets the pass under way finish. When ctx ends first the pass is
// cancelled, and Stop waits for it to notice. Everyone who calls it waits.
func (l *Loop) Stop(ctx context.Context) error {
	l.mu.Lock()
	r := l.running
	if r != nil && !r.stopping {
		r.stopping = true
		close(r.quit)
	}
	l.mu.Unlock()
	if r == nil {
		return nil
	}
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
	}
	if r.ended() { // both at once: nothing was cut
		return nil
	}
	r.cancel()
	<-r.done
	return fmt.Errorf("the pass of %s was cut short: %w", l.name, ctx.Err())
}

// Wake asks for a pass soon. It never blocks; wake-ups during a pass are one.
func (l *Loop) Wake() { l.signal.Send() }

func (l *Loop) loop(ctx context.Context, quit <-chan struct{}) {
	for {
		again := l.runPass(ctx)
		select {
		case <-quit:
			return
		default:
		}
		if again {
			continue
		}
		timer := l.clock.NewTimer(l.period)
		select {
		case <-quit:
			timer.Stop()
			return
		case <-l.signal.C():
			timer.Stop()
		case <-timer.C():
		}
	}
}

func (l *Loop) runPass(ctx context.Context) (again bool) {
	ctx, span := otel.Tracer("galaxy/worker").Start(ctx, l.name)
	defer span.End()
	again, err := recovered(ctx, l.name, l.pass)
	if err != nil {
		span.SetStatus(codes.Error, "pass failed")
		l.log.Warn("pass failed", zap.Error(err))
		failures().Add(ctx, 1, metric.WithAttributes(attribute.String("component", l.name)))
		return false // the next period tries again; a hot loop would not heal anything
	}
	return again
}

// recovered runs a pass and makes an error of its panic.
func recovered(ctx context.Context, name string, pass Pass) (again bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			countPanic(ctx, name)
			again, err = false, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return pass(ctx)
}
