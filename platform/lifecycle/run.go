package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"
)

// Module runs the plan. It needs a *zap.Logger and a Cap; an Interrupt is
// optional.
var Module = fx.Module("lifecycle",
	fx.Provide(fx.Annotate(Order, fx.ParamTags(`group:"lifecycle"`))),
	fx.Invoke(fx.Annotate(install, fx.ParamTags(``, ``, ``, `optional:"true"`))),
)

// Interrupt ends a start that is under way: the signal to stop, or the time
// that a start may take. It is not fx's own start context, because fx rolls
// back under that one and skips every hook once it has ended.
type Interrupt struct{ context.Context } //nolint:containedctx // it is the value

func install(lc fx.Lifecycle, plan Plan, log *zap.Logger, interrupt Interrupt) {
	for ph := range phases {
		entries := plan.phase(ph)
		if len(entries) == 0 {
			continue
		}
		lc.Append(fx.Hook{
			OnStart: func(ctx context.Context) error {
				if interrupt.Context != nil {
					if err := context.Cause(interrupt); err != nil {
						return fmt.Errorf("before %s: %w", ph, err)
					}
					var cancel context.CancelFunc
					ctx, cancel = context.WithCancel(ctx)
					defer cancel()
					defer context.AfterFunc(interrupt, cancel)()
				}
				return start(ctx, entries, log)
			},
			OnStop: func(ctx context.Context) error { return stop(ctx, entries, log) },
		})
	}
}

func start(ctx context.Context, entries []Entry, log *zap.Logger) error {
	for i, e := range entries {
		if e.Start == nil {
			continue
		}
		begin := time.Now()
		if err := recovered(func() error { return e.Start(ctx) }); err != nil {
			// fx does not stop a hook whose start failed, so the part of this
			// phase that did start is stopped here.
			return errors.Join(fmt.Errorf("start %s: %w", e.Name, err), stop(context.WithoutCancel(ctx), entries[:i], log))
		}
		log.Debug("component started", zap.Stringer("phase", e.Phase), zap.String("component", e.Name),
			zap.Duration("took", time.Since(begin)))
	}
	return nil
}

func stop(ctx context.Context, entries []Entry, log *zap.Logger) error {
	errs := make([]error, len(entries))
	var wg sync.WaitGroup
	for i, e := range entries {
		if e.Stop == nil {
			continue
		}
		wg.Go(func() {
			begin := time.Now()
			if err := stopOne(ctx, e); err != nil {
				errs[i] = fmt.Errorf("stop %s: %w", e.Name, err)
			}
			log.Info("component stopped", zap.Stringer("phase", e.Phase), zap.String("component", e.Name),
				zap.Duration("took", time.Since(begin)), zap.Error(errs[i]))
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// stopOne gives the component its budget. One that ignores its context is left
// behind when the budget is over: the phases below it matter more.
func stopOne(ctx context.Context, e Entry) error {
	ctx, cancel := context.WithTimeout(ctx, e.StopTimeout)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- recovered(func() error { return e.Stop(ctx) }) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select { // a stop that ended together with its budget has ended
	case err := <-done:
		return err
	case <-time.After(grace):
		return fmt.Errorf("left behind: %w", ctx.Err())
	}
}

// grace is what a component may take to return once its budget is over.
const grace = 200 * time.Millisecond

// recovered turns a panic into an error: fx does not recover, and a panic would
// take the process and the phases still to come with it.
func recovered(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return f()
}
