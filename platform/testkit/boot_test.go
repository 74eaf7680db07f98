package testkit_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/httpx"
	"galaxy/backend/platform/lifecycle"
	"galaxy/backend/platform/pg"
	"galaxy/backend/platform/testkit"
)

// launcher is a port whose provider the tests below do without.
type launcher interface{ launch() string }

type launcherFunc func() string

func (f launcherFunc) launch() string { return f() }

// rocket is a component as a module would have one.
type rocket struct {
	launcher launcher
	db       *pg.DB
	clock    clock.Clock
	log      *zap.Logger
	said     string
	taken    time.Time
	stopped  bool
}

func newRocket(l launcher, db *pg.DB, c clock.Clock, log *zap.Logger) *rocket {
	return &rocket{launcher: l, db: db, clock: c, log: log}
}

func (r *rocket) Start(ctx context.Context) error {
	r.said, r.taken = r.launcher.launch(), r.clock.Now()
	r.log.Info("rocket started")
	return r.db.Ping(ctx)
}

func (r *rocket) Stop(ctx context.Context) error {
	r.stopped = r.db.Ping(ctx) == nil
	return nil
}

var rocketModule = fx.Module("rocket",
	fx.Provide(newRocket),
	lifecycle.Component(lifecycle.Work, "rocket", time.Second, (*rocket).Start, (*rocket).Stop),
)

func TestBootRunsAModuleAgainstStandIns(t *testing.T) {
	t.Parallel()
	now := time.Date(2100, 1, 2, 3, 4, 5, 0, time.UTC)
	core, logs := observer.New(zap.InfoLevel)
	var r *rocket
	t.Run("app", func(t *testing.T) {
		testkit.Boot(t, rocketModule,
			testkit.StandIn[launcher](launcherFunc(func() string { return "up" })),
			testkit.StandIn[clock.Clock](clock.NewFake(now)),
			testkit.StandIn(zap.New(core)),
			fx.Populate(&r))
		require.Equal(t, "up", r.said)
		require.Equal(t, now, r.taken)
		require.Equal(t, 1, logs.FilterMessage("rocket started").Len())
	})
	require.True(t, r.stopped, "components stop while the database is still open")
}

func TestStandInReplacesWhatAModuleProvides(t *testing.T) {
	t.Parallel()
	var r *rocket
	real := fx.Provide(func() launcher { return launcherFunc(func() string { panic("the real one was asked") }) })
	testkit.Boot(t, rocketModule, real,
		testkit.StandIn[launcher](launcherFunc(func() string { return "stand-in" })), fx.Populate(&r))
	require.Equal(t, "stand-in", r.said)
}

func TestAComponentThatDoesNotStartEndsTheTest(t *testing.T) {
	t.Parallel()
	failing := fx.Module("failing",
		fx.Provide(func() *rocket { return &rocket{} }),
		lifecycle.Component(lifecycle.Work, "failing", time.Second,
			func(*rocket, context.Context) error { return errors.New("no fuel") },
			func(*rocket, context.Context) error { return nil }),
	)
	r := &fatalRecorder{TB: t}
	var ended sync.WaitGroup
	ended.Go(func() { testkit.Boot(r, failing) })
	ended.Wait()
	require.Contains(t, r.said, "no fuel")
}

// fatalRecorder is a test that notes how it was ended.
type fatalRecorder struct {
	testing.TB
	said string
}

func (r *fatalRecorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

func TestAChangeThatWasNotAuditedFailsTheTest(t *testing.T) {
	t.Parallel()
	r := &errorRecorder{TB: t}
	var log *zap.Logger
	testkit.Boot(r, fx.Populate(&log))
	log.Error("mail could not be sent")
	log.With(zap.String("request_id", "r-1")).Warn(httpx.Unaudited)
	require.Empty(t, r.said, "nothing else is reported")
	log.Error(httpx.Unaudited, zap.String("operation", "blockUser"))
	require.Len(t, r.said, 1)
	require.Contains(t, r.said[0], "blockUser")
}

// errorRecorder is a test that notes its failures.
type errorRecorder struct {
	testing.TB
	said []string
}

func (r *errorRecorder) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}
