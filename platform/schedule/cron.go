package schedule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var errCron = errors.New(`cron is written "m h * * dow" with lists of numbers: "0 19 * * 1,3,5"`)

// parseCron reads the one form of cron expression that is a grid. Lists and
// ranges are allowed; day and month must be "*", and so may be the weekday.
func parseCron(expression string) (times, weekdays []string, err error) {
	part := strings.Fields(expression)
	if len(part) != 5 || part[2] != "*" || part[3] != "*" {
		return nil, nil, errCron
	}
	minutes, err := numbers(part[0], 0, 59, nil)
	if err != nil {
		return nil, nil, err
	}
	hours, err := numbers(part[1], 0, 23, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range hours {
		for _, m := range minutes {
			times = append(times, fmt.Sprintf("%02d:%02d", h, m))
		}
	}
	if part[4] == "*" {
		return times, weekdayNames[:], nil
	}
	dow, err := numbers(strings.ToLower(part[4]), 0, 7, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"})
	if err != nil {
		return nil, nil, err
	}
	for _, d := range dow {
		weekdays = append(weekdays, weekdayNames[(d+6)%7]) // cron's week begins on Sunday, and 7 is Sunday too
	}
	return times, weekdays, nil
}

// numbers reads "1,3,5-7"; names, when given, stand for 0, 1, and so on.
func numbers(text string, least, most int, names []string) ([]int, error) {
	var out []int
	for item := range strings.SplitSeq(text, ",") {
		from, to, isRange := strings.Cut(item, "-")
		if !isRange {
			to = from
		}
		a, errA := number(from, names)
		b, errB := number(to, names)
		if errA != nil || errB != nil || a < least || b > most || a > b {
			return nil, errCron
		}
		for n := a; n <= b; n++ {
			out = append(out, n)
		}
		if len(out) > 64 { // longer than any list without repetition
			return nil, errCron
		}
	}
	return out, nil
}

func number(text string, names []string) (int, error) {
	for i, name := range names {
		if text == name {
			return i, nil
		}
	}
	if len(text) > 2 || strings.Trim(text, "0123456789") != "" {
		return 0, errCron
	}
	return strconv.Atoi(text)
}
