package clock_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/clock"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestSystemAnswersInUTCAtTheResolutionOfPostgres(t *testing.T) {
	t.Parallel()
	now := clock.System{}.Now()
	require.Equal(t, time.UTC, now.Location())
	require.Zero(t, now.Nanosecond()%1000)
	timer := clock.System{}.NewTimer(time.Hour)
	require.True(t, timer.Stop())
	<-clock.System{}.NewTimer(0).C()
}

func TestAdvanceFiresWhatIsDue(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(noon)
	early, late := f.NewTimer(time.Second), f.NewTimer(time.Minute)
	f.Advance(time.Second)
	require.Equal(t, noon.Add(time.Second), <-early.C())
	require.Empty(t, late.C())
	require.False(t, early.Stop())
	require.True(t, late.Stop())
	f.Advance(time.Hour)
	require.Empty(t, late.C())
}

func TestATimerOfNoTimeFiresAtOnce(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(noon)
	require.Equal(t, noon, <-f.NewTimer(0).C())
	require.Equal(t, noon, <-f.NewTimer(-time.Second).C())
}

func TestTheClockCanBeSetBack(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(noon)
	timer := f.NewTimer(time.Second)
	f.Set(noon.Add(-time.Hour))
	require.Equal(t, noon.Add(-time.Hour), f.Now())
	require.Empty(t, timer.C())
}

func TestBlockUntilWaitsForALoopToWait(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(noon)
	fired := make(chan time.Time)
	go func() { fired <- <-f.NewTimer(time.Minute).C() }()
	f.BlockUntil(1)
	f.Advance(time.Minute)
	require.Equal(t, noon.Add(time.Minute), <-fired)
}

func TestTimersFireInTheOrderOfTheirTimes(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(noon)
	late, early := f.NewTimer(2*time.Minute), f.NewTimer(time.Minute)
	f.Advance(time.Minute)
	require.Equal(t, noon.Add(time.Minute), <-early.C())
	require.Empty(t, late.C(), "it is not due")
	f.Set(noon.Add(time.Hour))
	require.Equal(t, noon.Add(time.Hour), <-late.C(), "the time at which it fired")
}

func TestAStoppedTimerIsNotPending(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(noon)
	stopped, pending := f.NewTimer(time.Minute), f.NewTimer(time.Minute)
	require.True(t, stopped.Stop())
	require.False(t, stopped.Stop(), "it was stopped already")
	f.BlockUntil(1)
	f.Advance(time.Minute)
	<-pending.C()
	require.Empty(t, stopped.C())
}

func TestBlockUntilWaitsForSeveralTimers(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(noon)
	const loops = 5
	var ended sync.WaitGroup
	for range loops {
		ended.Go(func() { <-f.NewTimer(time.Minute).C() })
	}
	f.BlockUntil(loops)
	f.Advance(time.Minute)
	ended.Wait()
}

func TestAFakeShowsWhatPostgresWouldKeep(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 3600)
	f := clock.NewFake(time.Date(2026, 3, 1, 13, 0, 0, 1_999, east))
	require.Equal(t, time.Date(2026, 3, 1, 12, 0, 0, 1_000, time.UTC), f.Now())
	f.Set(time.Date(2026, 3, 1, 14, 0, 0, 2_999, east))
	require.Equal(t, time.Date(2026, 3, 1, 13, 0, 0, 2_000, time.UTC), f.Now())
}

func TestTheSystemsTimerFiresOnceWithTheTime(t *testing.T) {
	t.Parallel()
	begin := time.Now()
	timer := clock.System{}.NewTimer(time.Millisecond)
	fired := <-timer.C()
	require.GreaterOrEqual(t, fired.Sub(begin), time.Millisecond)
	require.False(t, timer.Stop())
}

func TestAFakeMayBeUsedFromEverywhere(t *testing.T) {
	t.Parallel()
	f := clock.NewFake(noon)
	var ended sync.WaitGroup
	for range 8 {
		ended.Go(func() {
			for range 100 {
				timer := f.NewTimer(time.Millisecond)
				f.Advance(time.Millisecond)
				<-timer.C()
				timer.Stop()
			}
		})
	}
	ended.Wait()
	require.Equal(t, noon.Add(800*time.Millisecond), f.Now())
}
