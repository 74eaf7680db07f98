package pace

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/modules/game"
	"galaxy/backend/platform/schedule"
	enginev1 "galaxy/backend/proto/engine/v1"
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
	s, err := schedule.Settings{Mode: schedule.Grid, Times: []string{"19:00"}}.Settle()
	require.NoError(t, err)
	c := NewClock(uuid.New(), 0, s, noon)
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 5, day, hour, minute, 0, 0, time.UTC) }
	require.Equal(t, at(4, 19, 0), *c.NextTurnAt)
	extended := c.Postpone(time.Hour)
	require.Equal(t, at(5, 19, 0), *extended.Advance(s, at(4, 19, 30), false).NextTurnAt, "early, and after its own slot")
	require.Equal(t, at(5, 19, 0), *extended.Advance(s, at(4, 20, 0), false).NextTurnAt, "at the deadline")
	require.Equal(t, at(5, 19, 0), *extended.Advance(s, at(4, 18, 0), false).NextTurnAt, "before its own slot")
	require.Equal(t, at(5, 19, 0), *c.Advance(s, at(4, 13, 0), false).NextTurnAt, "an early turn takes the place of its slot")
}

func TestExcuseGivesOneMoreDeadlineAtMostADayAway(t *testing.T) {
	t.Parallel()
	weekly, err := schedule.Settings{Mode: schedule.Grid, Times: []string{"19:00"}, Weekdays: []string{"mon"}}.Settle()
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

func seat(race string, change func(*game.Membership)) game.Membership {
	s := game.Membership{RaceName: race, Status: game.Active, UserID: uuid.New()}
	if change != nil {
		change(&s)
	}
	return s
}

func TestTurnWaitsForActiveSeatsOnly(t *testing.T) {
	t.Parallel()
	ready := &noon
	submissions := []Submission{
		{RaceName: "A", Awaited: true, ReadyAt: ready},
		{RaceName: "B", Awaited: true},
		{RaceName: "Idle", Awaited: false},
		{RaceName: "Gone", Awaited: true},
		{RaceName: "Vacant", Awaited: true},
	}
	members := []game.Membership{seat("A", nil), seat("B", nil), seat("Idle", nil),
		seat("Gone", func(s *game.Membership) { s.Status = game.Removed }), seat("Vacant", func(s *game.Membership) { s.Vacant = true })}
	require.Equal(t, ReadyCount{Awaited: 2, NotReady: 1}, CountReady(submissions, members))
	submissions[1].ReadyAt = ready
	require.True(t, CountReady(submissions, members).AllReady())
	require.False(t, CountReady(nil, members).AllReady(), "a turn that waits for nobody is not wanted early")
}

func TestEngineDecidesWhoMoved(t *testing.T) {
	t.Parallel()
	submissions := []Submission{
		{RaceName: "Moved"}, {RaceName: "Silent", OrdersAt: &noon}, {RaceName: "Excused", ExcusedAt: &noon},
		{RaceName: "Dead"}, {RaceName: "DiedFighting"}, {RaceName: "Unknown"},
	}
	races := []enginev1.RaceStatus{
		{RaceName: "Moved", State: enginev1.RaceActive},
		{RaceName: "Silent", State: enginev1.RaceActive, IdleTurns: 1},
		{RaceName: "Excused", State: enginev1.RaceActive, IdleTurns: 2},
		{RaceName: "Dead", State: enginev1.RaceEliminated, IdleTurns: 1},
		{RaceName: "DiedFighting", State: enginev1.RaceEliminated},
	}
	require.Equal(t, map[string]string{"Moved": Received, "Silent": Missed, "Excused": Excused, "DiedFighting": Received}, Outcomes(submissions, races))
}

func TestAllMissedCountsThoseWhoPlay(t *testing.T) {
	t.Parallel()
	submissions := []Submission{{RaceName: "A"}, {RaceName: "Gone"}}
	members := []game.Membership{seat("A", nil), seat("Gone", func(s *game.Membership) { s.Status = game.Removed })}
	require.True(t, AllMissed(submissions, map[string]string{"A": Missed, "Gone": Received}, members))
	require.True(t, AllMissed(submissions, map[string]string{"A": Excused}, members))
	require.False(t, AllMissed(submissions, map[string]string{"A": Received}, members))
	require.False(t, AllMissed(submissions, map[string]string{"Gone": Missed}, members), "nobody is left who could have missed it")
	require.True(t, AllMissed(submissions, map[string]string{"A": Received}, nil), "nobody plays any more")
}

func TestExcuseIsForThoseWhoWouldMissAndHaveOneLeft(t *testing.T) {
	t.Parallel()
	races := []enginev1.RaceStatus{{RaceName: "A"}, {RaceName: "B", HasOrders: true}, {RaceName: "C"}, {RaceName: "D"}, {RaceName: "E"}}
	submissions := []Submission{
		{RaceName: "A", Awaited: true}, {RaceName: "B", Awaited: true}, {RaceName: "C", Awaited: true},
		{RaceName: "D", Awaited: false}, {RaceName: "E", Awaited: true, Commands: 1},
	}
	members := []game.Membership{seat("A", nil), seat("B", nil), seat("C", nil), seat("D", nil), seat("E", nil)}
	require.Equal(t, []string{"A"}, ExcusableRaces(submissions, races, members, map[string]int{"C": 2}, 2))
	submissions[2].ExcusedAt = &noon
	require.Empty(t, ExcusableRaces(submissions, races, members, nil, 2), "one extension a turn")
}

func TestNewTurnIsOpenedForRacesInPlayThatSomebodyPlays(t *testing.T) {
	t.Parallel()
	races := []enginev1.RaceStatus{
		{RaceName: "A", State: enginev1.RaceActive}, {RaceName: "Idle", State: enginev1.RaceActive, IdleTurns: 2},
		{RaceName: "Dead", State: enginev1.RaceEliminated}, {RaceName: "Nobody", State: enginev1.RaceActive},
		{RaceName: "Quitting", State: enginev1.RaceQuitting},
	}
	members := []game.Membership{seat("A", nil), seat("Idle", nil), seat("Dead", nil), seat("Quitting", nil)}
	got := map[string]bool{}
	for _, r := range NewSubmissions(races, members, 2) {
		got[r.RaceName] = r.Awaited
	}
	require.Equal(t, map[string]bool{"A": true, "Idle": false, "Quitting": true}, got)
	for _, r := range NewSubmissions(races, members, 0) {
		require.True(t, r.Awaited, "0 waits for everybody")
	}
	require.Equal(t, []string{"Idle"}, AbsentRaces(races, members, 2))
	require.Empty(t, AbsentRaces(races, members, 0))
	members[1].Vacant = true
	require.Empty(t, AbsentRaces(races, members, 2), "marked already")
}

func TestMembersAreActiveAndInOrder(t *testing.T) {
	t.Parallel()
	members := []game.Membership{seat("A", nil), seat("B", nil), seat("C", func(s *game.Membership) { s.Status = game.Blocked })}
	got := ActiveUsers(members)
	require.Len(t, got, 2)
	require.NotContains(t, got, members[2].UserID)
	members[0], members[1] = members[1], members[0]
	require.Equal(t, got, ActiveUsers(members))
}
