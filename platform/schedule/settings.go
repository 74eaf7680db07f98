package schedule

import (
	"encoding/json"
	"fmt"
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
// with Normalize or Limits.Normalize; the arithmetic expects normalized settings.
//
// In JSON durations are whole seconds ("interval_seconds"), weekdays a list of
// "mon" to "sun", and cron is only read: it is stored as a grid.
type Settings struct {
	Mode     Mode
	Interval time.Duration // of mode interval
	Times    []string      // of mode grid: "19:00", sorted
	Weekdays []string      // of mode grid: "mon", in order of the week; none means all
	Zone     string        // of mode grid: IANA name; "UTC" when empty
	// Cron is a shorthand for a grid, "m h * * dow"; Normalize replaces it.
	Cron string

	EarlyWhenReady bool          // the turn is made as soon as everybody is ready
	OnlyWhenReady  bool          // a deadline without everybody ready makes no turn
	FirstTurnExtra time.Duration // more time before the first deadline
	ExcusedMisses  int           // missed turns per member that extend the deadline
	IdleAfter      int           // misses in a row after which nobody waits; 0: never
	VacateAfter    int           // misses in a row after which the seat is free; 0: never
	MaxExtend      time.Duration // how much a turn's deadline may be extended in all
}

// Document is the JSON form of Settings, for who writes them as a part of
// something larger: a Marshaler's text would be checked and copied once more.
type Document struct {
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

// Document has every field; lists are never null.
func (s Settings) Document() Document {
	return Document{
		Mode: s.Mode, Interval: seconds(s.Interval),
		Times: list(s.Times), Weekdays: list(s.Weekdays), Zone: s.Zone, Cron: s.Cron,
		EarlyWhenReady: s.EarlyWhenReady, OnlyWhenReady: s.OnlyWhenReady, FirstTurnExtra: seconds(s.FirstTurnExtra),
		ExcusedMisses: s.ExcusedMisses, IdleAfter: s.IdleAfter, VacateAfter: s.VacateAfter, MaxExtend: seconds(s.MaxExtend),
	}
}

func (d Document) settings() Settings {
	return Settings{
		Mode: d.Mode, Interval: duration(d.Interval), Times: d.Times, Weekdays: d.Weekdays, Zone: d.Zone, Cron: d.Cron,
		EarlyWhenReady: d.EarlyWhenReady, OnlyWhenReady: d.OnlyWhenReady, FirstTurnExtra: duration(d.FirstTurnExtra),
		ExcusedMisses: d.ExcusedMisses, IdleAfter: d.IdleAfter, VacateAfter: d.VacateAfter, MaxExtend: duration(d.MaxExtend),
	}
}

// MarshalJSON writes the Document.
func (s Settings) MarshalJSON() ([]byte, error) { return json.Marshal(s.Document()) }

// UnmarshalJSON reads fields over those that s has, so that a patch keeps what
// it does not name.
func (s *Settings) UnmarshalJSON(raw []byte) error {
	d := s.Document() // the decoder writes into the lists that it finds
	d.Times, d.Weekdays = slices.Clone(s.Times), slices.Clone(s.Weekdays)
	if err := json.Unmarshal(raw, &d); err != nil {
		return err
	}
	*s = d.settings()
	return nil
}

// Scan implements sql.Scanner: a column of JSON is read at once, where an
// Unmarshaler is looked at twice.
func (s *Settings) Scan(column any) error {
	var raw []byte
	switch column := column.(type) {
	case []byte:
		raw = column
	case string:
		raw = []byte(column)
	default:
		return fmt.Errorf("turn settings cannot be read from %T", column)
	}
	var d Document
	if err := json.Unmarshal(raw, &d); err != nil {
		return err
	}
	*s = d.settings()
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
