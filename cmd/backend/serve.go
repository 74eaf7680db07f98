package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/fx"
	"go.uber.org/zap"

	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/telemetry"
)

const (
	// startTimeout bounds migrations and warm-up.
	startTimeout = 10 * time.Minute
	// stopSlack is what the stop may take beyond the sum of its budgets.
	stopSlack = 5 * time.Second
)

var errPending = errors.New("migrations are pending")

// serve runs the service until a signal, and returns the exit code.
func serve(c Config, warnings []string) int {
	log, err := telemetry.NewLogger(c.Logging, c.ServiceName)
	if err != nil {
		return fail(1, err)
	}
	defer func() { _ = log.Sync() }()
	for _, w := range warnings {
		log.Warn("configuration is doubtful", zap.String("reason", w))
	}
	signals, release := listen()
	defer release()

	l, err := pg.NewLeaderLock(c.Postgres, log)
	if err != nil {
		return fail(2, err)
	}
	if err := standBy(signals, l, c, log); err != nil {
		if signals.Err() != nil {
			return 0 // asked to stop while waiting
		}
		return fail(1, err)
	}
	return run(signals, c, lock{l}, log)
}

// run starts the graph and stops it in order.
func run(signals asked, c Config, l lock, log *zap.Logger) int {
	starting, started := context.WithTimeout(signals, startTimeout)
	defer started()
	var plan lifecycle.Plan
	app := fx.New(append(program(c, l, modules()), fx.Populate(&plan), fx.Supply(lifecycle.Interrupt{Context: starting}))...)
	if err := app.Err(); err != nil {
		return fail(1, err)
	}
	begin := time.Now()
	if err := start(app, plan); err != nil {
		_ = l.Release(context.WithoutCancel(signals))
		if signals.Err() != nil {
			log.Info("backend was stopped while it started")
			return 0
		}
		log.Error("backend did not start", zap.Error(err))
		return 1
	}
	log.Info("backend started", zap.Duration("took", time.Since(begin)), zap.String("http", c.HTTP.ListenAddr),
		zap.String("grpc", c.GRPCPush.ListenAddr))
	code := 0
	select {
	case <-signals.Done():
		log.Info("backend is stopping", zap.Duration("budget", plan.Budget()))
	case err := <-l.Lost():
		log.Error("backend has to start afresh", zap.Error(err))
		code = 3
	}
	return max(code, stop(app, plan, signals.hard, log))
}

// start leaves time to take back what had started: that runs under fx's own
// context, so the limit of the start itself is the Interrupt.
func start(app *fx.App, plan lifecycle.Plan) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout+plan.Budget()+stopSlack)
	defer cancel()
	return app.Start(ctx)
}

// stop gives every phase its budget. A second signal ends the process at once.
func stop(app *fx.App, plan lifecycle.Plan, hard <-chan struct{}, log *zap.Logger) int {
	ctx, cancel := context.WithTimeout(context.Background(), plan.Budget()+stopSlack)
	defer cancel()
	begin, done := time.Now(), make(chan error, 1)
	go func() { done <- app.Stop(ctx) }()
	select {
	case err := <-done:
		if err != nil {
			log.Error("backend stopped with errors", zap.Error(err))
			return 1
		}
		log.Info("backend stopped", zap.Duration("took", time.Since(begin)))
		return 0
	case <-hard:
		log.Warn("backend was stopped hard by a second signal")
		return 1
	}
}

func fail(code int, err error) int {
	_, _ = fmt.Fprintln(os.Stderr, err)
	return code
}
