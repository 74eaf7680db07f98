package clock_test

import (
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
