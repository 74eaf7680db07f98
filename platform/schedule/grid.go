package schedule

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// weekdayNames are the weekdays in their order; the index is weekdayIndex.
var weekdayNames = [7]string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

func weekdayIndex(name string) int { return slices.Index(weekdayNames[:], name) }

var locations sync.Map // zone → *time.Location; there are a few hundred zones

// location is time.LoadLocation without reading the zone's file again, and
// without the names that are no zones.
func location(zone string) (*time.Location, error) {
	if known, ok := locations.Load(zone); ok {
		return known.(*time.Location), nil
	}
	if zone == "Local" || len(zone) > 64 || strings.ContainsAny(zone, "\\ ") {
		return nil, errors.New("not an IANA time zone")
	}
	found, err := time.LoadLocation(zone) // "" is UTC
	if err != nil {
		return nil, err
	}
	locations.Store(zone, found)
	return found, nil
}

// parseTime reads "HH:MM".
func parseTime(text string) (hour, minute int, ok bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, 0, false
	}
	for _, i := range [4]int{0, 1, 3, 4} {
		if text[i] < '0' || text[i] > '9' {
			return 0, 0, false
		}
	}
	hour = int(text[0]-'0')*10 + int(text[1]-'0')
	minute = int(text[3]-'0')*10 + int(text[4]-'0')
	return hour, minute, hour < 24 && minute < 60
}

// nextSlot is the first slot of the grid at or after a time.
func (s Settings) nextSlot(earliest time.Time) (time.Time, bool) {
	zone, err := location(s.Zone)
	if err != nil {
		return time.Time{}, false
	}
	var best time.Time
	// The day before may reach into today by a gap; the last day of the window is
	// the same weekday again, for a single slot a week whose time today is over.
	start := earliest.In(zone)
	for ahead := -2; ahead <= 9; ahead++ {
		day := time.Date(start.Year(), start.Month(), start.Day()+ahead, 0, 0, 0, 0, time.UTC)
		if !s.includes(day.Weekday()) {
			continue
		}
		found := !best.IsZero()
		for _, text := range s.Times {
			hour, minute, _ := parseTime(text)
			at := instant(day.Add(time.Duration(hour)*time.Hour+time.Duration(minute)*time.Minute), zone)
			if !at.Before(earliest) && (best.IsZero() || at.Before(best)) {
				best = at
			}
		}
		if found {
			break // one day more than needed: a slot may be late by a gap
		}
	}
	return best, !best.IsZero()
}

func (s Settings) includes(day time.Weekday) bool {
	return len(s.Weekdays) == 0 || slices.Contains(s.Weekdays, weekdayNames[(int(day)+6)%7])
}

// instant is when a wall clock in zone shows what wall shows as if in UTC: the
// first time if it shows that twice, later by the gap if it never does. That is
// what calendars do (RFC 5545), and unlike time.Date it is specified.
func instant(wall time.Time, zone *time.Location) time.Time {
	// A day is more than any offset, so these lie on both sides of a change.
	_, before := wall.AddDate(0, 0, -1).In(zone).Zone()
	_, after := wall.AddDate(0, 0, 1).In(zone).Zone()
	early := wall.Add(-time.Duration(before) * time.Second)
	if before == after {
		return early
	}
	late := wall.Add(-time.Duration(after) * time.Second)
	if late.Before(early) { // clocks went forward: early reads the offset from before the gap
		if shows(late, wall, zone) {
			return late
		}
		return early
	}
	if shows(early, wall, zone) {
		return early
	}
	return late
}

func shows(at, wall time.Time, zone *time.Location) bool {
	_, offset := at.In(zone).Zone()
	return at.Add(time.Duration(offset) * time.Second).Equal(wall)
}
