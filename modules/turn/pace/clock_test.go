package pace

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/platform/schedule"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func hourly() schedule.Settings {
	return schedule.Settings{Mode: schedule.Interval, Interval: time.Hour}
}

func TestPauseAndResumeLoseNoTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := hourly()
		c, now := NewClock(uuid.New(), 0, s, noon), noon
		played := time.Duration(0)
		for range rapid.IntRange(0, 6).Draw(t, "pauses") {
			play := time.Duration(rapid.Int64Range(0, int64(10*time.Minute)).Draw(t, "play"))
			played += play
			now = now.Add(play)
			c = c.Pause(now)
			require.Equal(t, c, c.Pause(now.Add(time.Hour)), "paused already")
			require.Nil(t, c.NextTurnAt)
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(1000*time.Hour)).Draw(t, "rest")))
			c = c.Resume(s, now)
			require.Equal(t, c, c.Resume(s, now.Add(time.Hour)), "running already")
		}
		require.Equal(t, now.Add(time.Hour-played), *c.NextTurnAt)
	})
}

func TestWhatWasDueWhenItPausedIsDueWhenItResumes(t *testing.T) {
	t.Parallel()
	c := NewClock(uuid.New(), 0, hourly(), noon).Pause(noon.Add(5 * time.Hour))
	later := noon.Add(100 * time.Hour)
	require.Equal(t, later, *c.Resume(hourly(), later).NextTurnAt)
}

func TestManualGameNeverGetsADeadline(t *testing.T) {
	t.Parallel()
	s := schedule.Settings{Mode: schedule.Manual}
	c := NewClock(uuid.New(), 0, s, noon)
	require.Nil(t, c.NextTurnAt)
	c = c.Advance(s, noon.Add(time.Hour), false).Pause(noon).Resume(s, noon)
	require.Nil(t, c.NextTurnAt)
	require.Equal(t, 1, c.Turn)
	require.Equal(t, c, c.Postpone(time.Hour))
	require.Equal(t, c, c.Skip(s, noon))
}

func TestScheduleChangedInAPauseCountsFromTheResume(t *testing.T) {
	t.Parallel()
	daily := schedule.Settings{Mode: schedule.Interval, Interval: 24 * time.Hour}
	c := NewClock(uuid.New(), 0, hourly(), noon).Pause(noon).Reschedule(daily, noon)
	require.Nil(t, c.NextTurnAt)
	later := noon.Add(time.Hour)
	require.Equal(t, later.Add(24*time.Hour), *c.Resume(daily, later).NextTurnAt)
}

// The engine may be a turn ahead: to wait for another deadline would lock the
// players out until then.
func TestTurnThatWasDueInAPauseIsDueWhateverScheduleTheGameResumesWith(t *testing.T) {
	t.Parallel()
	later := noon.Add(9 * time.Hour)
	for _, s := range []schedule.Settings{{Mode: schedule.Interval, Interval: 24 * time.Hour}, {Mode: schedule.Manual}} {
		c := NewClock(uuid.New(), 0, hourly(), noon).Pause(noon.Add(2*time.Hour)).Resume(s, later)
		require.Equal(t, later, *c.NextTurnAt)
		require.Equal(t, c, c.Reschedule(s, later), "the new schedule begins after it")
	}
}

// Daily at 19:00; the turn of the fourth was extended by an hour.
func TestGridSkipsNoSlotForAnExtendedTurn(t *testing.T) {
	t.Parallel()
	s, err := schedule.Settings{Mode: schedule.Grid, Times: []string{"19:00"}}.Normalize()
	require.NoError(t, err)
	c := NewClock(uuid.New(), 0, s, noon)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 5, day, hour, minute, 0, 0, time.UTC) }
	require.Equal(t, at(4, 19, 0), *c.NextTurnAt)
	extended := c.Postpone(time.Hour)
	require.Equal(t, at(5, 19, 0), *extended.Advance(s, at(4, 19, 30), false).NextTurnAt, "early, and after its own slot")
	require.Equal(t, at(5, 19, 0), *extended.Advance(s, at(4, 20, 0), false).NextTurnAt, "at the deadline")
	require.Equal(t, at(5, 19, 0), *extended.Advance(s, at(4, 18, 0), false).NextTurnAt, "before its own slot")
	require.Equal(t, at(5, 19, 0), *c.Advance(s, at(4, 13, 0), false).NextTurnAt, "an early turn takes its slot")
}

func TestExcuseGivesOneMoreDeadlineAtMostADayAway(t *testing.T) {
	t.Parallel()
	weekly, err := schedule.Settings{Mode: schedule.Grid, Times: []string{"19:00"}, Weekdays: []string{"mon"}}.Normalize()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		s         schedule.Settings
		late, due time.Duration // after the deadline
	}{
		"on time": {hourly(), 0, time.Hour}, "a little late": {hourly(), time.Minute, time.Hour},
		"after downtime": {hourly(), 50 * time.Hour, 51 * time.Hour}, "a week": {weekly, 0, 24 * time.Hour},
		"a week, after downtime": {weekly, 50 * time.Hour, 74 * time.Hour},
	} {
		clock := NewClock(uuid.New(), 0, c.s, noon)
		was := *clock.NextTurnAt
		got, ok := clock.Excuse(c.s, was.Add(c.late))
		require.True(t, ok, name)
		require.Equal(t, was.Add(c.due), *got.NextTurnAt, name)
		require.Equal(t, c.due, got.ExtendedTotal, name)
	}
	_, ok := NewClock(uuid.New(), 0, schedule.Settings{Mode: schedule.Manual}, noon).Excuse(hourly(), noon)
	require.False(t, ok)
}

func TestExtensionsAreForgottenWithTheTurn(t *testing.T) {
	t.Parallel()
	c := NewClock(uuid.New(), 0, hourly(), noon).Postpone(time.Hour)
	require.Equal(t, time.Hour, c.ExtendedTotal)
	require.Equal(t, noon.Add(2*time.Hour), *c.NextTurnAt)
	c = c.Advance(hourly(), noon.Add(2*time.Hour), false)
	require.Zero(t, c.ExtendedTotal)
	require.Equal(t, noon.Add(3*time.Hour), *c.NextTurnAt)
}

func TestStoppedClockStays(t *testing.T) {
	t.Parallel()
	c := NewClock(uuid.New(), 3, hourly(), noon).Stop()
	require.Equal(t, c, c.Pause(noon))
	require.Equal(t, c, c.Resume(hourly(), noon))
	require.Equal(t, c, c.Reschedule(schedule.Settings{Mode: schedule.Interval, Interval: time.Minute}, noon))
}
