package schedule

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSettingsAreReadFromAColumnOfJSON(t *testing.T) {
	t.Parallel()
	want := Settings{Mode: Grid, Times: []string{"19:00"}, Weekdays: []string{"mon"}, Zone: "Europe/Amsterdam", MaxExtend: time.Hour}
	text, err := json.Marshal(want)
	require.NoError(t, err)
	for _, column := range []any{text, string(text)} {
		got := Settings{Mode: Interval, Interval: time.Hour} // what was there is gone
		require.NoError(t, got.Scan(column))
		require.Equal(t, want, got)
	}
	var s Settings
	require.Error(t, s.Scan(nil))
	require.Error(t, s.Scan("{"))
	require.Zero(t, s)
}
