package alarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"galaxy/backend/platform/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func ringing(t *testing.T) (*clock.Fake, *Alarm, chan time.Time) {
	t.Helper()
	clk, rings := clock.NewFake(noon), make(chan time.Time, 16)
	a := New(clk, func() { rings <- clk.Now() })
	t.Cleanup(a.Stop)
	return clk, a, rings
}

func TestAlarmRingsOnceAtItsTime(t *testing.T) {
	t.Parallel()
	clk, a, rings := ringing(t)
	a.Start()
	a.Start()
	a.At(noon.Add(time.Minute))
	clk.BlockUntil(1)
	clk.Advance(time.Minute)
	require.Equal(t, noon.Add(time.Minute), <-rings)
	a.At(noon.Add(time.Hour))
	clk.BlockUntil(1)
	require.Empty(t, rings)
}

func TestNewestSettingCounts(t *testing.T) {
	t.Parallel()
	clk, a, rings := ringing(t)
	a.At(noon.Add(time.Hour)) // before it runs
	a.At(noon.Add(time.Minute))
	a.Start()
	clk.BlockUntil(1)
	clk.Advance(time.Minute)
	require.Equal(t, noon.Add(time.Minute), <-rings)
}

func TestPastTimeRingsAtOnce(t *testing.T) {
	t.Parallel()
	_, a, rings := ringing(t)
	a.Start()
	a.At(noon.Add(-time.Hour))
	require.Equal(t, noon, <-rings)
}

func TestStoppedAlarmIsSilentAndStartsAgain(t *testing.T) {
	t.Parallel()
	clk, a, rings := ringing(t)
	a.Stop()
	a.Start()
	a.At(noon.Add(time.Minute))
	clk.BlockUntil(1)
	a.Stop()
	a.Stop()
	clk.Advance(time.Hour)
	require.Empty(t, rings)
	a.Start()
	a.At(clk.Now())
	require.Equal(t, clk.Now(), <-rings)
}
