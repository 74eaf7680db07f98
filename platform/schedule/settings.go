package schedule

import (
	"encoding/json"
	"slices"
	"time"
)

// Mode is how deadlines come about.
type Mode string

// Modes. A grid has local times on certain weekdays, an interval counts from the
// last turn, and in a manual game only people make turns.
const (
	Grid     Mode = "grid"
	Interval Mode = "interval"
	Manual   Mode = "manual"
)

// MinGap and MaxGap bound how far a deadline lies ahead of what it follows.
const (
	MinGap = time.Minute
	MaxGap = 366 * 24 * time.Hour
)

// Settings are what a game's owner decides about its turns. Make usable ones
// with Settle or Limits.Settle; the arithmetic expects settled settings.
//
// In JSON durations are whole seconds ("interval_seconds"), weekdays a list of
// "mon" to "sun", and cron is only read: it is stored as a grid.
type Settings struct {
	Mode     Mode
	Interval time.Duration // of mode interval
	Times    []string      // of mode grid: "19:00", sorted
	Weekdays []string      // of mode grid: "mon", in order of the week; none means all
	Zone     string        // of mode grid: IANA name; "UTC" when empty
	// Cron is a shorthand for a grid, "m h * * dow"; Settle replaces it.
	Cron string

	EarlyWhenReady bool          // the turn is made as soon as everybody is ready
	OnlyWhenReady  bool          // a deadline without everybody ready makes no turn
	FirstTurnExtra time.Duration // more time before the first deadline
	ExcusedMisses  int           // missed turns per member that extend the deadline
	IdleAfter      int           // misses in a row after which nobody waits; 0: never
	VacateAfter    int           // misses in a row after which the seat is free; 0: never
	MaxExtend      time.Duration // how much a turn's deadline may be extended in all
}

// wire is the JSON form of Settings.
type wire struct {
	Mode           Mode     `json:"mode"`
	Interval       int64    `json:"interval_seconds"`
	Times          []string `json:"times"`
	Weekdays       []string `json:"weekdays"`
	Zone           string   `json:"zone"`
	Cron           string   `json:"cron,omitempty"`
	EarlyWhenReady bool     `json:"early_when_ready"`
	OnlyWhenReady  bool     `json:"only_when_ready"`
	FirstTurnExtra int64    `json:"first_turn_extra_seconds"`
	ExcusedMisses  int      `json:"excused_misses"`
	IdleAfter      int      `json:"idle_after"`
	VacateAfter    int      `json:"vacate_after"`
	MaxExtend      int64    `json:"max_extend_seconds"`
}

// MarshalJSON writes every field; lists are never null.
func (s Settings) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{
		Mode: s.Mode, Interval: seconds(s.Interval), Times: list(s.Times), Weekdays: list(s.Weekdays), Zone: s.Zone, Cron: s.Cron,
		EarlyWhenReady: s.EarlyWhenReady, OnlyWhenReady: s.OnlyWhenReady, FirstTurnExtra: seconds(s.FirstTurnExtra),
		ExcusedMisses: s.ExcusedMisses, IdleAfter: s.IdleAfter, VacateAfter: s.VacateAfter, MaxExtend: seconds(s.MaxExtend),
	})
}

// UnmarshalJSON reads fields over those that s has, so that a patch keeps what
// it does not name.
func (s *Settings) UnmarshalJSON(raw []byte) error {
	w := wire{ // the decoder writes into the lists that it finds
		Mode: s.Mode, Interval: seconds(s.Interval), Times: slices.Clone(s.Times), Weekdays: slices.Clone(s.Weekdays), Zone: s.Zone, Cron: s.Cron,
		EarlyWhenReady: s.EarlyWhenReady, OnlyWhenReady: s.OnlyWhenReady, FirstTurnExtra: seconds(s.FirstTurnExtra),
		ExcusedMisses: s.ExcusedMisses, IdleAfter: s.IdleAfter, VacateAfter: s.VacateAfter, MaxExtend: seconds(s.MaxExtend),
	}
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	*s = Settings{
		Mode: w.Mode, Interval: duration(w.Interval), Times: w.Times, Weekdays: w.Weekdays, Zone: w.Zone, Cron: w.Cron,
		EarlyWhenReady: w.EarlyWhenReady, OnlyWhenReady: w.OnlyWhenReady, FirstTurnExtra: duration(w.FirstTurnExtra),
		ExcusedMisses: w.ExcusedMisses, IdleAfter: w.IdleAfter, VacateAfter: w.VacateAfter, MaxExtend: duration(w.MaxExtend),
	}
	return nil
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// duration clamps, so that an absurd number stays absurd instead of wrapping
// around into a plausible one.
func duration(seconds int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Second)
	return time.Duration(min(max(seconds, -most), most)) * time.Second
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
