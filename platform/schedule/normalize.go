package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"galaxy/backend/platform/fault"
)

// ErrInvalid is the fault of settings that cannot be; its fields say why.
var ErrInvalid = fault.New(fault.Unprocessable, "validation_failed", "the turn schedule cannot be used")

// Limits loosen what is allowed. The zero value is production's.
type Limits struct {
	// MinInterval is the shortest interval of mode interval; MinGap when zero.
	// Development and tests set it down to a second, so that a game can be
	// watched. Grids have whole minutes and know no shorter gap.
	MinInterval time.Duration
}

const (
	maxTimes  = 24                  // slots a day
	maxMisses = 1000                // of each counter
	maxExtra  = 90 * 24 * time.Hour // first_turn_extra, max_extend
)

// Normalize is Limits{}.Normalize.
func (s Settings) Normalize() (Settings, error) { return Limits{}.Normalize(s) }

// Validate lists what is wrong with s, by the names of its JSON fields.
func (s Settings) Validate() []fault.Field { return Limits{}.Validate(s) }

// Normalize returns s in the form that is stored: cron as a grid, times and
// weekdays sorted and unique, "UTC" for a missing zone, and nothing of other
// modes. The error is ErrInvalid with fields.
func (l Limits) Normalize(s Settings) (Settings, error) {
	s, fields := expandCron(s)
	if fields = append(fields, l.check(s)...); len(fields) > 0 {
		return Settings{}, ErrInvalid.At(fields...)
	}
	if s.Zone == "" {
		s.Zone = "UTC"
	}
	if s.Mode != Interval {
		s.Interval = 0
	}
	if s.Mode != Grid {
		s.Times, s.Weekdays = nil, nil
		return s, nil
	}
	s.Times = sortedUnique(s.Times, cmp.Compare[string])
	s.Weekdays = sortedUnique(s.Weekdays, func(a, b string) int { return cmp.Compare(weekdayIndex(a), weekdayIndex(b)) })
	if len(s.Weekdays) == 0 {
		s.Weekdays = slices.Clone(weekdayNames[:])
	}
	return s, nil
}

// Validate is Settings.Validate within l.
func (l Limits) Validate(s Settings) []fault.Field {
	s, fields := expandCron(s)
	return append(fields, l.check(s)...)
}

// expandCron replaces a cron expression by its grid.
func expandCron(s Settings) (Settings, []fault.Field) {
	if s.Cron == "" {
		return s, nil
	}
	times, weekdays, err := parseCron(s.Cron)
	switch {
	case err != nil:
		return s, []fault.Field{invalid("cron", "invalid", "%v", err)}
	case s.Mode != "" && s.Mode != Grid:
		return s, []fault.Field{invalid("cron", "conflict", "a cron expression describes a grid, not mode %s", s.Mode)}
	case len(s.Times) > 0 || len(s.Weekdays) > 0:
		return s, []fault.Field{invalid("cron", "conflict", "give either cron or times and weekdays")}
	}
	s.Mode, s.Times, s.Weekdays, s.Cron = Grid, times, weekdays, ""
	return s, nil
}

func (l Limits) check(s Settings) []fault.Field {
	var fields []fault.Field
	switch s.Mode {
	case Grid:
		fields = checkGrid(s)
	case Interval:
		least := cmp.Or(l.MinInterval, MinGap)
		if s.Interval < least || s.Interval > MaxGap {
			fields = append(fields, invalid("interval_seconds", "out_of_range",
				"an interval has %d to %d seconds", seconds(least), seconds(MaxGap)))
		}
	case Manual:
	default:
		fields = append(fields, invalid("mode", "unknown", "mode is grid, interval or manual"))
	}
	if _, err := location(s.Zone); err != nil {
		fields = append(fields, invalid("zone", "unknown", "zone is an IANA time zone such as Europe/Berlin"))
	}
	fields = append(fields, checkCounts(s)...)
	if s.Mode == Interval && s.Interval <= MaxGap && s.Interval+s.FirstTurnExtra > MaxGap {
		fields = append(fields, invalid("first_turn_extra_seconds", "out_of_range",
			"the first deadline lies more than %d days ahead", MaxGap/(24*time.Hour)))
	}
	return fields
}

func checkGrid(s Settings) []fault.Field {
	var fields []fault.Field
	if n := len(sortedUnique(s.Times, cmp.Compare[string])); n == 0 || n > maxTimes {
		fields = append(fields, invalid("times", "out_of_range", "a grid has 1 to %d times a day", maxTimes))
	}
	for _, t := range s.Times {
		if _, _, ok := parseTime(t); !ok {
			fields = append(fields, invalid("times", "invalid", "times are written HH:MM, from 00:00 to 23:59"))
			break
		}
	}
	for _, d := range s.Weekdays {
		if weekdayIndex(d) < 0 {
			fields = append(fields, invalid("weekdays", "invalid", "weekdays are mon, tue, wed, thu, fri, sat and sun"))
			break
		}
	}
	return fields
}

func checkCounts(s Settings) []fault.Field {
	var fields []fault.Field
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"first_turn_extra_seconds", s.FirstTurnExtra}, {"max_extend_seconds", s.MaxExtend}} {
		if d.value < 0 || d.value > maxExtra {
			fields = append(fields, invalid(d.name, "out_of_range", "at most %d seconds", seconds(maxExtra)))
		}
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"excused_misses", s.ExcusedMisses}, {"idle_after", s.IdleAfter}, {"vacate_after", s.VacateAfter}} {
		if n.value < 0 || n.value > maxMisses {
			fields = append(fields, invalid(n.name, "out_of_range", "0 to %d", maxMisses))
		}
	}
	if s.IdleAfter > 0 && s.VacateAfter > 0 && s.VacateAfter < s.IdleAfter {
		fields = append(fields, invalid("vacate_after", "out_of_range", "a seat is not vacated before its race is idle"))
	}
	return fields
}

func invalid(name, code, format string, args ...any) fault.Field {
	return fault.Field{Name: name, Code: code, Message: fmt.Sprintf(format, args...)}
}

func sortedUnique(in []string, compare func(a, b string) int) []string {
	return slices.Compact(slices.SortedFunc(slices.Values(in), compare))
}
