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

// Settle is Limits{}.Settle.
func (s Settings) Settle() (Settings, error) { return Limits{}.Settle(s) }

// Validate lists what is wrong with s, by the names of its JSON fields.
func (s Settings) Validate() []fault.Field { return Limits{}.Validate(s) }

// Settle returns s in the form that is stored: cron as a grid, times and weekdays
// sorted and unique, "UTC" for a missing zone, and nothing of other modes. The
// error is ErrInvalid with fields.
func (l Limits) Settle(s Settings) (Settings, error) {
	s, fields := expand(s)
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
	s.Times = unique(s.Times, cmp.Compare[string])
	s.Weekdays = unique(s.Weekdays, func(a, b string) int { return cmp.Compare(dayIndex(a), dayIndex(b)) })
	if len(s.Weekdays) == 0 {
		s.Weekdays = slices.Clone(days[:])
	}
	return s, nil
}

// Validate is Settings.Validate within l.
func (l Limits) Validate(s Settings) []fault.Field {
	s, fields := expand(s)
	return append(fields, l.check(s)...)
}

// expand replaces a cron expression by its grid.
func expand(s Settings) (Settings, []fault.Field) {
	if s.Cron == "" {
		return s, nil
	}
	times, weekdays, err := parseCron(s.Cron)
	switch {
	case err != nil:
		return s, []fault.Field{bad("cron", "invalid", "%v", err)}
	case s.Mode != "" && s.Mode != Grid:
		return s, []fault.Field{bad("cron", "conflict", "a cron expression describes a grid, not mode %s", s.Mode)}
	case len(s.Times) > 0 || len(s.Weekdays) > 0:
		return s, []fault.Field{bad("cron", "conflict", "give either cron or times and weekdays")}
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
			fields = append(fields, bad("interval_seconds", "out_of_range", "an interval has %d to %d seconds", seconds(least), seconds(MaxGap)))
		}
	case Manual:
	default:
		fields = append(fields, bad("mode", "unknown", "mode is grid, interval or manual"))
	}
	if _, err := location(s.Zone); err != nil {
		fields = append(fields, bad("zone", "unknown", "zone is an IANA time zone such as Europe/Berlin"))
	}
	fields = append(fields, checkCounts(s)...)
	if s.Mode == Interval && s.Interval <= MaxGap && s.Interval+s.FirstTurnExtra > MaxGap {
		fields = append(fields, bad("first_turn_extra_seconds", "out_of_range", "the first deadline lies more than %d days ahead", MaxGap/(24*time.Hour)))
	}
	return fields
}

func checkGrid(s Settings) []fault.Field {
	var fields []fault.Field
	if n := len(unique(s.Times, cmp.Compare[string])); n == 0 || n > maxTimes {
		fields = append(fields, bad("times", "out_of_range", "a grid has 1 to %d times a day", maxTimes))
	}
	for _, t := range s.Times {
		if _, _, ok := parseTime(t); !ok {
			fields = append(fields, bad("times", "invalid", "times are written HH:MM, from 00:00 to 23:59"))
			break
		}
	}
	for _, d := range s.Weekdays {
		if dayIndex(d) < 0 {
			fields = append(fields, bad("weekdays", "invalid", "weekdays are mon, tue, wed, thu, fri, sat and sun"))
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
			fields = append(fields, bad(d.name, "out_of_range", "at most %d seconds", seconds(maxExtra)))
		}
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"excused_misses", s.ExcusedMisses}, {"idle_after", s.IdleAfter}, {"vacate_after", s.VacateAfter}} {
		if n.value < 0 || n.value > maxMisses {
			fields = append(fields, bad(n.name, "out_of_range", "0 to %d", maxMisses))
		}
	}
	if s.IdleAfter > 0 && s.VacateAfter > 0 && s.VacateAfter < s.IdleAfter {
		fields = append(fields, bad("vacate_after", "out_of_range", "a seat is not vacated before its race is idle"))
	}
	return fields
}

func bad(name, code, format string, args ...any) fault.Field {
	return fault.Field{Name: name, Code: code, Message: fmt.Sprintf(format, args...)}
}

func unique(in []string, compare func(a, b string) int) []string {
	return slices.Compact(slices.SortedFunc(slices.Values(in), compare))
}
