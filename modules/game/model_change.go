package game

import (
	"time"

	enginev1 "galaxy/backend/proto/engine/v1"
)

// Event is what happened to a game, for observers.
type Event string

// The events. EventStarted comes once. EventSeatLeft says that a member left a
// race behind that stays in play. EventEnrollmentEnded comes when a game stops
// taking people, by whatever way, and may come again when a game that took
// successors ends.
const (
	EventEnrollmentEnded Event = "enrollment_ended"
	EventStarted         Event = "started"
	EventPaused          Event = "paused"
	EventResumed         Event = "resumed"
	EventFinished        Event = "finished"
	EventCancelled       Event = "cancelled"
	EventSettings        Event = "settings"
	EventRaceBlocked     Event = "race_blocked"
	EventSeatLeft        Event = "seat_left"
	EventSeatTaken       Event = "seat_taken"
)

// Change is what observers hear of. The game is as it will be stored.
type Change struct {
	Game  Game
	Event Event

	Reason  string           // of EventEnrollmentEnded
	Status  *enginev1.Status // of EventStarted: the engine at turn 0
	Blocked *BlockedRace     // of EventRaceBlocked
	Taken   *Membership      // of EventSeatTaken: the successor's
}

// Why an enrollment ended, as those whose requests end with it are told.
const (
	EnrollmentClosed    = "enrollment_closed"
	EnrollmentStarted   = "game_started"
	EnrollmentCancelled = "game_cancelled"
)

// BlockedRace is a race that is to be banished.
type BlockedRace struct {
	RaceName string
	Cause    string // blocked, deleted
}

// Causes of a BlockedRace: the member was blocked in the game or on the
// platform, or the account is gone.
const (
	CauseBlocked = "blocked"
	CauseDeleted = "deleted"
)

// Expect is what a game expects of one of its members.
type Expect struct {
	Submitted bool // orders for the coming turn are in
	Ready     bool
	Deadline  *time.Time
}
