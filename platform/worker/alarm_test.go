package worker_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"galaxy/backend/platform/clock"
	"galaxy/backend/platform/worker"
)

// newAlarm makes an alarm that tells when it fires.
func newAlarm(t *testing.T) (*clock.Fake, *worker.Alarm, chan time.Time) {
	t.Helper()
	clk, fired := clock.NewFake(noon), make(chan time.Time, 16)
	a := worker.NewAlarm(clk, func() { fired <- clk.Now() })
	t.Cleanup(a.Stop)
	return clk, a, fired
}

func TestAlarmFiresOnceAtItsTime(t *testing.T) {
	t.Parallel()
	clk, a, fired := newAlarm(t)
	a.Start()
	a.Start()
	a.Set(noon.Add(time.Minute))
	clk.BlockUntil(1)
	clk.Advance(time.Minute)
	require.Equal(t, noon.Add(time.Minute), <-fired)
	a.Set(noon.Add(time.Hour))
	clk.BlockUntil(1)
	require.Empty(t, fired)
}

func TestNewestSettingOfAnAlarmCounts(t *testing.T) {
	t.Parallel()
	clk, a, fired := newAlarm(t)
	a.Set(noon.Add(time.Hour)) // before it runs
	a.Set(noon.Add(time.Minute))
	a.Start()
	clk.BlockUntil(1)
	clk.Advance(time.Minute)
	require.Equal(t, noon.Add(time.Minute), <-fired)
}

func TestAlarmSetToThePastFiresAtOnce(t *testing.T) {
	t.Parallel()
	_, a, fired := newAlarm(t)
	a.Start()
	a.Set(noon.Add(-time.Hour))
	require.Equal(t, noon, <-fired)
}

func TestStoppedAlarmIsSilentAndStartsAgain(t *testing.T) {
	t.Parallel()
	clk, a, fired := newAlarm(t)
	a.Stop()
	a.Start()
	a.Set(noon.Add(time.Minute))
	clk.BlockUntil(1)
	a.Stop()
	a.Stop()
	clk.Advance(time.Hour)
	require.Empty(t, fired)
	a.Start()
	a.Set(clk.Now())
	require.Equal(t, clk.Now(), <-fired)
}
