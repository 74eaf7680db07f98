package schedule

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05Z07:00", text)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// zones change their clocks by an hour, by half of one, at midnight, never, and
// once by a whole day.
var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago",
	"Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca", "Asia/Tehran", "Pacific/Chatham", "Europe/Dublin"}

func settings(t *rapid.T) Settings {
	s := Settings{
		Mode:           rapid.SampledFrom([]Mode{Grid, Interval, Manual}).Draw(t, "mode"),
		Interval:       time.Duration(rapid.Int64Range(60, int64(MaxGap/time.Second)).Draw(t, "interval")) * time.Second,
		Zone:           rapid.SampledFrom(zones).Draw(t, "zone"),
		EarlyWhenReady: rapid.Bool().Draw(t, "early"), OnlyWhenReady: rapid.Bool().Draw(t, "only"),
		ExcusedMisses: rapid.IntRange(0, 9).Draw(t, "excused"),
	}
	for range rapid.IntRange(1, 6).Draw(t, "times") {
		s.Times = append(s.Times, fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute")))
	}
	s.Weekdays = rapid.SliceOfNDistinct(rapid.SampledFrom(weekdayNames[:]), 0, 7, rapid.ID).Draw(t, "weekdays")
	s, err := s.Normalize()
	require.NoError(t, err)
	return s
}

func moment(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(946684800, 2208988800).Draw(t, "unix"), 0).UTC() // 2000 to 2040
}

func TestGridThroughClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, zone, slot, from, want string }{
		{"plain", "Europe/Berlin", "19:00", "2026-01-10 12:00:00Z", "2026-01-10 18:00:00Z"},
		{"summer", "Europe/Berlin", "19:00", "2026-07-10 12:00:00Z", "2026-07-10 17:00:00Z"},
		{"over the spring change", "Europe/Berlin", "19:00", "2026-03-28 18:00:00Z", "2026-03-29 17:00:00Z"},
		{"over the autumn change", "Europe/Berlin", "19:00", "2026-10-24 17:00:00Z", "2026-10-25 18:00:00Z"},
		{"in the gap", "Europe/Berlin", "02:30", "2026-03-28 12:00:00Z", "2026-03-29 01:30:00Z"},
		{"at the edge of the gap", "Europe/Berlin", "03:00", "2026-03-28 12:00:00Z", "2026-03-29 01:00:00Z"},
		{"after the gap's slot", "Europe/Berlin", "02:30", "2026-03-29 01:30:00Z", "2026-03-30 00:30:00Z"},
		{"in the overlap, the first", "Europe/Berlin", "02:30", "2026-10-24 12:00:00Z", "2026-10-25 00:30:00Z"},
		{"not again in the overlap", "Europe/Berlin", "02:30", "2026-10-25 00:30:00Z", "2026-10-26 01:30:00Z"},
		{"gap of half an hour", "Australia/Lord_Howe", "02:10", "2026-10-03 12:00:00Z", "2026-10-03 15:40:00Z"},
		{"gap at midnight", "America/Santiago", "00:15", "2026-09-05 12:00:00Z", "2026-09-06 04:15:00Z"},
		{"odd offset", "Asia/Kathmandu", "07:00", "2026-05-01 00:00:00Z", "2026-05-01 01:15:00Z"},
		{"a day that never was", "Pacific/Apia", "19:00", "2011-12-30 06:00:00Z", "2011-12-31 05:00:00Z"},
	} {
		s, err := Settings{Mode: Grid, Times: []string{c.slot}, Zone: c.zone}.Normalize()
		require.NoError(t, err)
		got, ok := s.Next(at(c.from))
		require.True(t, ok, c.name)
		require.Equal(t, at(c.want), got, c.name)
		require.Equal(t, time.UTC, got.Location(), c.name)
	}
}

func TestWeekdaysAreLocal(t *testing.T) {
	t.Parallel()
	s, err := Settings{Mode: Grid, Times: []string{"00:30"}, Weekdays: []string{"mon"}, Zone: "Asia/Tokyo"}.Normalize()
	require.NoError(t, err)
	next, _ := s.Next(at("2026-11-23 00:00:00Z")) // Monday morning in Tokyo
	require.Equal(t, at("2026-11-29 15:30:00Z"), next, "Sunday in UTC")
}

// walk is the slow way to the slots of a zone: it looks at the wall clock every
// ten minutes. It cannot see slots in gaps, so it takes times that no gap contains.
func walk(s Settings, from, until time.Time) []time.Time {
	zone, err := location(s.Zone)
	if err != nil {
		panic(err)
	}
	seen := map[string]bool{}
	var out []time.Time
	for now := from.Truncate(10 * time.Minute); !now.After(until); now = now.Add(10 * time.Minute) {
		stamp := now.In(zone).Format("2006-01-02 15:04")
		if slices.Contains(s.Times, stamp[11:]) && !seen[stamp] {
			seen[stamp] = true
			out = append(out, now)
		}
	}
	return out
}

func TestEachLocalSlotHappensOnce(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"} {
		s, err := Settings{Mode: Grid, Times: []string{"01:20", "04:40", "19:00"}, Zone: zone}.Normalize()
		require.NoError(t, err)
		from, until := at("2026-01-01 00:05:00Z"), at("2027-01-01 00:00:00Z")
		var got []time.Time
		for next, _ := s.Next(from); !next.After(until); next, _ = s.Next(next) {
			got = append(got, next)
		}
		require.Empty(t, cmp.Diff(walk(s, from.Add(5*time.Minute), until), got), zone)
	}
}

func TestNextIsAMinuteToAYearAhead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, from := settings(t), moment(t)
		next, ok := s.Next(from)
		require.Equal(t, s.Mode != Manual, ok)
		if ok {
			require.GreaterOrEqual(t, next.Sub(from), MinGap)
			require.LessOrEqual(t, next.Sub(from), MaxGap)
		}
	})
}

func TestNextSkipsNoSlot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, from := settings(t), moment(t)
		next, ok := s.Next(from)
		if s.Mode != Grid {
			return
		}
		require.True(t, ok)
		// Any later question before the slot has the same answer.
		ahead := time.Duration(rapid.Int64Range(0, int64(next.Sub(from)-MinGap)).Draw(t, "ahead"))
		again, _ := s.Next(from.Add(ahead))
		require.Equal(t, next, again)
	})
}

func TestOneTurnCatchesUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, due := settings(t), moment(t)
		late := time.Duration(rapid.Int64Range(0, int64(40*24*time.Hour)).Draw(t, "late"))
		now := due.Add(late)
		next, ok := s.Following(due, now)
		if ok {
			require.GreaterOrEqual(t, next.Sub(now), MinGap/2, "the next deadline is not due at once")
			require.LessOrEqual(t, next.Sub(due), late+MaxGap)
		}
	})
}

func TestIntervalDoesNotDriftByTheTimeTurnsTake(t *testing.T) {
	t.Parallel()
	s := Settings{Mode: Interval, Interval: 24 * time.Hour}
	due := at("2026-05-01 19:00:00Z")
	next, _ := s.Following(due, due.Add(3*time.Second))
	require.Equal(t, due.Add(24*time.Hour), next)
	next, _ = s.Following(due, due.Add(2*time.Hour))
	require.Equal(t, due.Add(26*time.Hour), next, "after downtime the players get their whole turn")
	short := Settings{Mode: Interval, Interval: 2 * time.Second}
	next, _ = short.Following(due, due.Add(time.Second))
	require.Equal(t, due.Add(3*time.Second), next)
}

func TestEarlyTurnMovesTheDeadlineByOneIntervalAtMost(t *testing.T) {
	t.Parallel()
	daily, err := Settings{Mode: Grid, Times: []string{"19:00"}}.Normalize()
	require.NoError(t, err)
	due := at("2026-05-04 19:00:00Z")
	next, _ := daily.Following(due, at("2026-05-04 10:00:00Z"))
	require.Equal(t, at("2026-05-05 19:00:00Z"), next, "the early turn took the slot's place")
	again, _ := daily.Following(next, at("2026-05-04 11:00:00Z"))
	require.Equal(t, next, again, "a second early turn skips no further slot")
	back, _ := daily.Following(next, at("2026-05-05 19:00:01Z"))
	require.Equal(t, at("2026-05-06 19:00:00Z"), back)

	rapid.Check(t, func(t *rapid.T) {
		s, now := settings(t), moment(t)
		due, ok := s.Next(now)
		for range rapid.IntRange(1, 5).Draw(t, "early turns") {
			if !ok || due.Sub(now) < time.Second {
				return
			}
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(due.Sub(now)-1)).Draw(t, "pass")))
			var next time.Time
			next, ok = s.Following(due, now)
			one, _ := s.Next(now)
			two, _ := s.Next(one)
			require.False(t, next.Before(one))
			require.False(t, next.After(two), "never more than one slot is skipped")
			if s.Mode == Interval {
				require.Equal(t, now.Add(s.Interval), next)
			}
			due = next
		}
	})
}

func TestManualGameHasNoDeadline(t *testing.T) {
	t.Parallel()
	s := Settings{Mode: Manual}
	now := at("2026-05-04 10:00:00Z")
	for _, f := range []func() (time.Time, bool){
		func() (time.Time, bool) { return s.Next(now) },
		func() (time.Time, bool) { return s.First(now) },
		func() (time.Time, bool) { return s.Following(time.Time{}, now) },
		func() (time.Time, bool) { return s.Following(now, now) },
	} {
		_, ok := f()
		require.False(t, ok)
	}
}

func TestFirstDeadlineHasItsExtraTime(t *testing.T) {
	t.Parallel()
	start := at("2026-05-04 18:00:00Z")
	interval := Settings{Mode: Interval, Interval: time.Hour, FirstTurnExtra: 48 * time.Hour}
	first, _ := interval.First(start)
	require.Equal(t, start.Add(49*time.Hour), first)
	grid := Settings{Mode: Grid, Times: []string{"19:00"}, FirstTurnExtra: 48 * time.Hour}
	first, _ = grid.First(start)
	require.Equal(t, at("2026-05-06 19:00:00Z"), first)
}

func TestPauseKeepsAndResumeRestores(t *testing.T) {
	t.Parallel()
	now, due := at("2026-05-04 18:00:00Z"), at("2026-05-04 19:00:00Z")
	left := Remaining(due, now)
	require.Equal(t, time.Hour, left)
	later := now.Add(30 * 24 * time.Hour)
	require.Equal(t, later.Add(time.Hour), Resumed(later, left))
	require.Zero(t, Remaining(now, due), "what was due when it paused is due when it resumes")
	require.Equal(t, later, Resumed(later, 0))
}

func TestExtensionIsCapped(t *testing.T) {
	t.Parallel()
	s := Settings{MaxExtend: 48 * time.Hour}
	require.Equal(t, 24*time.Hour, s.Extension(0, 24*time.Hour))
	require.Equal(t, 8*time.Hour, s.Extension(40*time.Hour, 24*time.Hour))
	require.Zero(t, s.Extension(48*time.Hour, time.Hour))
	require.Zero(t, s.Extension(72*time.Hour, time.Hour))
	require.Zero(t, s.Extension(0, -time.Hour))
}

func FuzzNext(f *testing.F) {
	f.Add("Europe/Berlin", uint8(2), uint8(30), uint8(127), int64(1774742400))
	f.Add("Pacific/Apia", uint8(19), uint8(0), uint8(16), int64(1325203200))
	f.Add("America/Santiago", uint8(0), uint8(0), uint8(1), int64(1788600000))
	f.Fuzz(func(t *testing.T, zone string, hour, minute, mask uint8, unix int64) {
		s := Settings{Mode: Grid, Zone: zone, Times: []string{fmt.Sprintf("%02d:%02d", hour, minute)}}
		for i, d := range weekdayNames {
			if mask&(1<<i) != 0 {
				s.Weekdays = append(s.Weekdays, d)
			}
		}
		s, err := s.Normalize()
		if err != nil || unix < 0 || unix > 4e9 {
			return
		}
		from := time.Unix(unix, 0)
		next, ok := s.Next(from)
		if gap := next.Sub(from); !ok || gap < MinGap || gap > 9*24*time.Hour {
			t.Fatalf("after %v comes %v (%v)", from.UTC(), next, gap)
		}
	})
}

func BenchmarkNextGrid(b *testing.B) {
	s, err := Settings{Mode: Grid, Times: []string{"19:00"}, Zone: "Europe/Berlin"}.Normalize()
	if err != nil {
		b.Fatal(err)
	}
	now := at("2026-05-04 18:00:00Z")
	for b.Loop() {
		now, _ = s.Next(now)
	}
}
