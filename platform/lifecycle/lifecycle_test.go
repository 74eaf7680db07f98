package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/fx"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"galaxy/backend/platform/lifecycle"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// journal records what happened, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) func(context.Context) error {
	return func(context.Context) error {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.lines = append(j.lines, line)
		return nil
	}
}

func entry(j *journal, p lifecycle.Phase, name string) lifecycle.Entry {
	return lifecycle.Entry{Phase: p, Name: name, StopTimeout: time.Second,
		Start: j.add("start " + name), Stop: j.add("stop " + name)}
}

func app(t *testing.T, limit lifecycle.Cap, entries ...lifecycle.Entry) *fx.App {
	t.Helper()
	options := []fx.Option{lifecycle.Module, fx.NopLogger, fx.Supply(zap.NewNop(), limit), fx.StopTimeout(time.Minute)}
	for _, e := range entries {
		options = append(options, lifecycle.Provide(func() lifecycle.Entry { return e }))
	}
	a := fx.New(options...)
	require.NoError(t, a.Err())
	return a
}

func TestPhasesStartInOrderAndStopInReverseForAnyOrderOfModules(t *testing.T) {
	t.Parallel()
	want := []string{
		"start log", "start pool", "start hub", "start mail", "start http",
		"stop http", "stop mail", "stop hub", "stop pool", "stop log",
	}
	for range 100 {
		j := &journal{}
		entries := []lifecycle.Entry{
			entry(j, lifecycle.Ingress, "http"), entry(j, lifecycle.Storage, "pool"), entry(j, lifecycle.Mail, "mail"),
			entry(j, lifecycle.Push, "hub"), entry(j, lifecycle.Telemetry, "log"),
		}
		rand.Shuffle(len(entries), func(a, b int) { entries[a], entries[b] = entries[b], entries[a] })
		a := app(t, 0, entries...)
		require.NoError(t, a.Start(t.Context()))
		require.NoError(t, a.Stop(t.Context()))
		require.Equal(t, want, j.lines)
	}
}

func TestAFailedStartStopsWhatHadStarted(t *testing.T) {
	t.Parallel()
	j := &journal{}
	bad := lifecycle.Entry{Phase: lifecycle.Work, Name: "clock", Start: func(context.Context) error { return errors.New("no clock") }}
	a := app(t, 0, entry(j, lifecycle.Storage, "pool"), entry(j, lifecycle.Work, "alarm"), bad, entry(j, lifecycle.Work, "sweeper"))
	require.ErrorContains(t, a.Start(t.Context()), "start clock: no clock")
	require.Equal(t, []string{"start pool", "start alarm", "stop alarm", "stop pool"}, j.lines)
}

func TestAnInterruptedStartStopsWhatHadStarted(t *testing.T) {
	t.Parallel()
	j := &journal{}
	interrupted, interrupt := context.WithCancel(t.Context())
	migrating := lifecycle.Entry{Phase: lifecycle.Storage, Name: "schema", StopTimeout: time.Second, Stop: j.add("stop schema"),
		Start: func(ctx context.Context) error { interrupt(); <-ctx.Done(); return ctx.Err() }}
	a := fx.New(lifecycle.Module, fx.NopLogger, fx.Supply(zap.NewNop(), lifecycle.Cap(0), lifecycle.Interrupt{Context: interrupted}),
		lifecycle.Provide(func() lifecycle.Entry { return entry(j, lifecycle.Telemetry, "log") }),
		lifecycle.Provide(func() lifecycle.Entry { return entry(j, lifecycle.Storage, "pool") }),
		lifecycle.Provide(func() lifecycle.Entry { return migrating }),
		lifecycle.Provide(func() lifecycle.Entry { return entry(j, lifecycle.Ingress, "http") }))
	require.ErrorContains(t, a.Start(t.Context()), "start schema: context canceled")
	require.Equal(t, []string{"start log", "start pool", "stop pool", "stop log"}, j.lines)
}

func TestAnInterruptIsNoticedBehindAComponentThatIgnoresIt(t *testing.T) {
	t.Parallel()
	j := &journal{}
	interrupted, interrupt := context.WithCancel(t.Context())
	deaf := lifecycle.Entry{Phase: lifecycle.Cache, Name: "deaf", Start: func(context.Context) error { interrupt(); return nil }}
	a := fx.New(lifecycle.Module, fx.NopLogger, fx.Supply(zap.NewNop(), lifecycle.Cap(0), lifecycle.Interrupt{Context: interrupted}),
		lifecycle.Provide(func() lifecycle.Entry { return deaf }),
		lifecycle.Provide(func() lifecycle.Entry { return entry(j, lifecycle.Ingress, "http") }))
	require.ErrorContains(t, a.Start(t.Context()), "before ingress: context canceled")
	require.Empty(t, j.lines)
}

func TestAPanicInAStartIsAFailedStart(t *testing.T) {
	t.Parallel()
	j := &journal{}
	bad := lifecycle.Entry{Phase: lifecycle.Work, Name: "clock", Start: func(context.Context) error { panic("nil map") }}
	a := app(t, 0, entry(j, lifecycle.Storage, "pool"), bad)
	require.ErrorContains(t, a.Start(t.Context()), "start clock: panic: nil map")
	require.Equal(t, []string{"start pool", "stop pool"}, j.lines)
}

func TestAPanicOrAnOverrunInOneStopDoesNotSkipTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		panics := lifecycle.Entry{Phase: lifecycle.Ingress, Name: "http", StopTimeout: time.Second,
			Stop: func(context.Context) error { panic("nil map") }}
		release := make(chan struct{})
		hangs := lifecycle.Entry{Phase: lifecycle.Mail, Name: "mail", StopTimeout: time.Second,
			Stop: func(context.Context) error { <-release; return nil }}
		a := app(t, 0, panics, hangs, entry(j, lifecycle.Storage, "pool"))
		require.NoError(t, a.Start(t.Context()))
		begin := time.Now()
		err := a.Stop(t.Context())
		require.ErrorContains(t, err, "stop http: panic: nil map")
		require.ErrorContains(t, err, "stop mail: left behind")
		require.Less(t, time.Since(begin), 2*time.Second)
		require.Contains(t, j.lines, "stop pool")
		close(release)
	})
}

func TestNoComponentGetsMoreThanTheCap(t *testing.T) {
	t.Parallel()
	plan, err := lifecycle.Order([]lifecycle.Entry{
		{Phase: lifecycle.Ingress, Name: "http", StopTimeout: 15 * time.Second, Stop: (&journal{}).add("")},
		{Phase: lifecycle.Ingress, Name: "grpc", StopTimeout: 10 * time.Second, Stop: (&journal{}).add("")},
		{Phase: lifecycle.Storage, Name: "pool", StopTimeout: 5 * time.Second, Stop: (&journal{}).add("")},
	}, lifecycle.Cap(8*time.Second))
	require.NoError(t, err)
	require.Equal(t, 13*time.Second, plan.Budget())
	require.Equal(t, fmt.Sprintf("%-10s %-24s %s\n%-10s %-24s %s\n%-10s %-24s %s\n",
		"storage", "pool", "5s", "ingress", "grpc", "8s", "ingress", "http", "8s"), plan.String())
}

func TestAPlanThatCannotBeRunIsRefused(t *testing.T) {
	t.Parallel()
	noop := func(context.Context) error { return nil }
	for want, entries := range map[string][]lifecycle.Entry{
		"entered twice":   {{Phase: lifecycle.Work, Name: "a"}, {Phase: lifecycle.Mail, Name: "a"}},
		"no time to stop": {{Phase: lifecycle.Work, Name: "a", Stop: noop}},
		"has no phase":    {{Phase: 99, Name: "a"}},
	} {
		_, err := lifecycle.Order(entries, 0)
		require.ErrorContains(t, err, want)
	}
}

type pump struct{ j *journal }

func (p *pump) Start(ctx context.Context) error { return p.j.add("start pump")(ctx) }
func (p *pump) Stop(ctx context.Context) error  { return p.j.add("stop pump")(ctx) }

func TestAComponentIsEnteredByItsMethods(t *testing.T) {
	t.Parallel()
	j := &journal{}
	a := fx.New(lifecycle.Module, fx.NopLogger, fx.Supply(zap.NewNop(), lifecycle.Cap(0), &pump{j}),
		lifecycle.Component(lifecycle.Work, "pump", time.Second, (*pump).Start, (*pump).Stop))
	require.NoError(t, a.Start(t.Context()))
	require.NoError(t, a.Stop(t.Context()))
	require.Equal(t, []string{"start pump", "stop pump"}, j.lines)
}
