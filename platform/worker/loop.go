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
	wake   chan struct{}

	mu      sync.Mutex
	running *run
}

// run is one life of the loop, from a Start to a Stop.
type run struct {
	quit   chan struct{} // closed by Stop: no new pass
	done   chan struct{} // closed when the goroutine has ended
	cancel context.CancelFunc
	once   sync.Once
}

// NewLoop makes a stopped loop. name labels its logs, spans and metrics.
func NewLoop(name string, period time.Duration, clk clock.Clock, log *zap.Logger, pass Pass) *Loop {
	return &Loop{name: name, period: period, clock: clk, log: log.With(zap.String("component", name)),
		pass: pass, wake: make(chan struct{}, 1)}
}

// Start begins with a pass at once: whatever a crash left behind is due.
func (l *Loop) Start(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{quit: make(chan struct{}), done: make(chan struct{}), cancel: cancel}
	l.running = r
	go func() {
		defer close(r.done)
		defer cancel()
		l.loop(ctx, r.quit)
	}()
	return nil
}

// Stop lets the pass under way finish. When ctx ends first the pass is
// cancelled, and Stop waits for it to notice.
func (l *Loop) Stop(ctx context.Context) error {
	l.mu.Lock()
	r := l.running
	l.running = nil
	l.mu.Unlock()
	if r == nil {
		return nil
	}
	r.once.Do(func() { close(r.quit) })
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		r.cancel()
		<-r.done
		return fmt.Errorf("the pass of %s was cut short: %w", l.name, ctx.Err())
	}
}

// Wake asks for a pass soon. It never blocks; wake-ups during a pass are one.
func (l *Loop) Wake() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *Loop) loop(ctx context.Context, quit <-chan struct{}) {
	for {
		again := l.once(ctx)
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
		case <-l.wake:
			timer.Stop()
		case <-timer.C():
		}
	}
}

func (l *Loop) once(ctx context.Context) (again bool) {
	ctx, span := otel.Tracer("galaxy/worker").Start(ctx, l.name)
	defer span.End()
	again, err := guarded(ctx, l.pass)
	if err != nil {
		span.SetStatus(codes.Error, "pass failed")
		l.log.Warn("pass failed", zap.Error(err))
		failures().Add(ctx, 1, metric.WithAttributes(attribute.String("component", l.name)))
		return false // the next period tries again; a hot loop would not heal anything
	}
	return again
}

func guarded(ctx context.Context, pass Pass) (again bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			again, err = false, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return pass(ctx)
}

// failures is made on first use: the meter provider is set after this package
// is initialised.
var failures = sync.OnceValue(func() metric.Int64Counter {
	c, err := otel.Meter("galaxy/worker").Int64Counter("worker_pass_failures_total",
		metric.WithDescription("passes of background loops that failed or panicked"))
	if err != nil {
		otel.Handle(err)
	}
	return c
})
