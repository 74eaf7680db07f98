package game

import (
	"time"

	"github.com/google/uuid"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// RaceStats is how a race stood at the end of a turn.
type RaceStats struct {
	RaceName   string
	State      string // the engine's: active, eliminated, …
	Planets    int
	Ships      int
	Population float64
	Industry   float64
	Votes      float64
	IdleTurns  int
}

// TurnRecord is what a turn left behind.
type TurnRecord struct {
	GameID     uuid.UUID
	Turn       int
	At         time.Time
	NextTurnAt *time.Time // nil: no deadline
	StateHash  string
	Races      []RaceStats
	Finished   bool
	Result     *enginev1.Result // set when Finished
}
