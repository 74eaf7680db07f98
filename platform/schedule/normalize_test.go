package schedule

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"galaxy/backend/platform/fault"
)

func TestNormalizedGridIsSortedAndComplete(t *testing.T) {
	t.Parallel()
	s, err := Settings{Mode: Grid, Times: []string{"19:00", "07:30", "19:00"}, Weekdays: []string{"sun", "mon", "sun"}, Interval: time.Hour}.Normalize()
	require.NoError(t, err)
	require.Equal(t, Settings{Mode: Grid, Times: []string{"07:30", "19:00"}, Weekdays: []string{"mon", "sun"}, Zone: "UTC"}, s)
	s, err = Settings{Mode: Grid, Times: []string{"19:00"}}.Normalize()
	require.NoError(t, err)
	require.Equal(t, []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}, s.Weekdays)
	again, err := s.Normalize()
	require.NoError(t, err)
	require.Equal(t, s, again)
}

func TestCronIsStoredAsGrid(t *testing.T) {
	t.Parallel()
	for expression, want := range map[string]Settings{
		"0 19 * * *":        {Times: []string{"19:00"}, Weekdays: weekdayNames[:]},
		"0,30 7,19 * * 1-5": {Times: []string{"07:00", "07:30", "19:00", "19:30"}, Weekdays: weekdayNames[:5]},
		"5 4 * * 0":         {Times: []string{"04:05"}, Weekdays: []string{"sun"}},
		"5 4 * * 7,0":       {Times: []string{"04:05"}, Weekdays: []string{"sun"}},
		"5 4 * * Mon,FRI":   {Times: []string{"04:05"}, Weekdays: []string{"mon", "fri"}},
		"0  20-22  *  *  6": {Times: []string{"20:00", "21:00", "22:00"}, Weekdays: []string{"sat"}},
	} {
		got, err := Settings{Cron: expression, Zone: "Europe/Berlin"}.Normalize()
		require.NoError(t, err, expression)
		want.Mode, want.Zone = Grid, "Europe/Berlin"
		require.Equal(t, want, got, expression)
	}
}

func TestUnusableSettingsAreNamedByField(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		s    Settings
		want string
	}{
		"no mode":                {Settings{}, "mode unknown"},
		"unknown mode":           {Settings{Mode: "hourly"}, "mode unknown"},
		"every second":           {Settings{Mode: Interval, Interval: time.Second}, "interval_seconds out_of_range"},
		"ten years":              {Settings{Mode: Interval, Interval: 3650 * 24 * time.Hour}, "interval_seconds out_of_range"},
		"negative":               {Settings{Mode: Interval, Interval: -time.Hour}, "interval_seconds out_of_range"},
		"no times":               {Settings{Mode: Grid}, "times out_of_range"},
		"bad time":               {Settings{Mode: Grid, Times: []string{"24:00"}}, "times invalid"},
		"short time":             {Settings{Mode: Grid, Times: []string{"7:00"}}, "times invalid"},
		"bad weekday":            {Settings{Mode: Grid, Times: []string{"07:00"}, Weekdays: []string{"Monday"}}, "weekdays invalid"},
		"bad zone":               {Settings{Mode: Grid, Times: []string{"07:00"}, Zone: "Mars/Olympus"}, "zone unknown"},
		"the host's own zone":    {Settings{Mode: Grid, Times: []string{"07:00"}, Zone: "Local"}, "zone unknown"},
		"path as a zone":         {Settings{Mode: Manual, Zone: "../etc/passwd"}, "zone unknown"},
		"cron every minute":      {Settings{Cron: "* * * * *"}, "cron invalid"},
		"cron with a day":        {Settings{Cron: "0 19 1 * *"}, "cron invalid"},
		"cron with steps":        {Settings{Cron: "*/5 19 * * *"}, "cron invalid"},
		"cron with seconds":      {Settings{Cron: "0 0 19 * * *"}, "cron invalid"},
		"cron backwards":         {Settings{Cron: "0 22-20 * * *"}, "cron invalid"},
		"cron too dense":         {Settings{Cron: "0-59 0-23 * * *"}, "times out_of_range"},
		"cron for an interval":   {Settings{Mode: Interval, Interval: time.Hour, Cron: "0 19 * * *"}, "cron conflict"},
		"cron and times":         {Settings{Cron: "0 19 * * *", Times: []string{"20:00"}}, "cron conflict"},
		"negative misses":        {Settings{Mode: Manual, ExcusedMisses: -1}, "excused_misses out_of_range"},
		"too many misses":        {Settings{Mode: Manual, IdleAfter: 1001}, "idle_after out_of_range"},
		"vacant before idle":     {Settings{Mode: Manual, IdleAfter: 3, VacateAfter: 2}, "vacate_after out_of_range"},
		"endless extension":      {Settings{Mode: Manual, MaxExtend: 91 * 24 * time.Hour}, "max_extend_seconds out_of_range"},
		"first turn in a decade": {Settings{Mode: Interval, Interval: 360 * 24 * time.Hour, FirstTurnExtra: 10 * 24 * time.Hour}, "first_turn_extra_seconds out_of_range"},
	}
	for name, c := range cases {
		fields := c.s.Validate()
		var got []string
		for _, f := range fields {
			got = append(got, f.Name+" "+f.Code)
		}
		require.Contains(t, got, c.want, name)
		_, err := c.s.Normalize()
		require.ErrorIs(t, err, ErrInvalid, name)
		require.Equal(t, fields, fault.From(err).Fields, name)
	}
}

func TestShortIntervalsNeedLooserLimits(t *testing.T) {
	t.Parallel()
	s := Settings{Mode: Interval, Interval: time.Second}
	require.NotEmpty(t, s.Validate())
	require.Empty(t, Limits{MinInterval: time.Second}.Validate(s))
	s.Interval = time.Second / 2
	require.NotEmpty(t, Limits{MinInterval: time.Second}.Validate(s))
}

func TestSettingsSurviveJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := settings(t)
		raw, err := json.Marshal(want)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "null")
		var got Settings
		require.NoError(t, json.Unmarshal(raw, &got))
		if want.Times == nil {
			want.Times, want.Weekdays = []string{}, []string{}
		}
		require.Equal(t, want, got)
	})
}

func TestPatchKeepsWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	old := Settings{Mode: Grid, Times: []string{"07:00", "19:00"}, Weekdays: []string{"mon"}, Zone: "Asia/Tokyo", IdleAfter: 3}
	patched := old
	require.NoError(t, json.Unmarshal([]byte(`{"times":["08:00"],"idle_after":5}`), &patched))
	require.Equal(t, Settings{Mode: Grid, Times: []string{"08:00"}, Weekdays: []string{"mon"}, Zone: "Asia/Tokyo", IdleAfter: 5}, patched)
	require.Equal(t, []string{"07:00", "19:00"}, old.Times)
}

func TestAbsurdSecondsDoNotWrapAround(t *testing.T) {
	t.Parallel()
	var s Settings
	require.NoError(t, json.Unmarshal([]byte(`{"mode":"interval","interval_seconds":9223372036854775807}`), &s))
	require.NotEmpty(t, s.Validate())
	require.Error(t, json.Unmarshal([]byte(`{"interval_seconds":"1h"}`), &s))
}

func FuzzCron(f *testing.F) {
	for _, seed := range []string{"0 19 * * *", "* * * * *", "0,30 7-9 * * mon-fri", "99 99 * * 9", "0 0 * * 7,7,7", "-1 - * * ,"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		s, err := Settings{Cron: expression}.Normalize()
		if err != nil {
			return
		}
		if s.Mode != Grid || s.Cron != "" || len(s.Times) == 0 || len(s.Weekdays) == 0 {
			t.Fatalf("%q normalized as %+v", expression, s)
		}
		if part := strings.Fields(expression); len(part) != 5 || part[2] != "*" || part[3] != "*" {
			t.Fatalf("%q was accepted", expression)
		}
	})
}
