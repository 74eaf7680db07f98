package pace

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/schedule"
)

// States of a clock. A stopped one belongs to a game that is over.
const (
	Running = "running"
	Paused  = "paused"
	Stopped = "stopped"
)

// Clock says which turn a game is at and when the next one is due. Its methods
// return the clock that follows and change nothing.
type Clock struct {
	GameID         uuid.UUID      `db:"game_id"`
	Epoch          int            `db:"epoch"` // tells turns apart that have the same number
	Turn           int            `db:"turn"`
	Status         string         `db:"status"`
	NextTurnAt     *time.Time     `db:"next_turn_at"`
	PausedAt       *time.Time     `db:"paused_at"`
	PauseRemaining *time.Duration `db:"pause_remaining"`
	ExtendedTotal  time.Duration  `db:"extended_total"`
	TurnMadeAt     time.Time      `db:"turn_made_at"`
	Timing         string         `db:"timing"` // of the schedule that NextTurnAt comes from
}

// Running reports whether turns are made.
func (c Clock) Running() bool { return c.Status == Running }

// NewClock is the clock of a game whose engine has started at the given turn.
func NewClock(gameID uuid.UUID, turn int, s schedule.Settings, now time.Time) Clock {
	c := Clock{GameID: gameID, Turn: turn, Status: Running, TurnMadeAt: now, Timing: timing(s)}
	c.NextTurnAt = deadline(s.First(now))
	return c
}

// Pause keeps the time that was left.
func (c Clock) Pause(now time.Time) Clock {
	if !c.Running() {
		return c
	}
	if c.NextTurnAt != nil {
		left := schedule.Remaining(*c.NextTurnAt, now)
		c.PauseRemaining = &left
	}
	c.Status, c.NextTurnAt, c.PausedAt = Paused, nil, &now
	return c
}

// Resume gives the time back that was left.
func (c Clock) Resume(s schedule.Settings, now time.Time) Clock {
	if c.Status != Paused {
		return c
	}
	due := c.PauseRemaining != nil && *c.PauseRemaining == 0
	if c.PauseRemaining != nil {
		at := schedule.Resumed(now, *c.PauseRemaining)
		c.NextTurnAt = &at
	}
	c.Status, c.PausedAt, c.PauseRemaining = Running, nil, nil
	if due { // the engine may be ahead: a new schedule begins after this turn
		c.Timing = timing(s)
		return c
	}
	return c.Reschedule(s, now)
}

// Stop is the clock of a game that is over.
func (c Clock) Stop() Clock {
	c.Status, c.NextTurnAt, c.PausedAt, c.PauseRemaining = Stopped, nil, nil, nil
	return c
}

// Reschedule starts a new deadline when the schedule is another one, not when
// only what happens at the deadline was changed. A paused game gets it when it
// resumes.
func (c Clock) Reschedule(s schedule.Settings, now time.Time) Clock {
	if !c.Running() || c.Timing == timing(s) {
		return c
	}
	c.Timing, c.ExtendedTotal = timing(s), 0
	c.NextTurnAt = deadline(s.Next(now))
	return c
}

// Advance is the clock after a turn was made. keep leaves a deadline that has
// not come where it is.
func (c Clock) Advance(s schedule.Settings, now time.Time, keep bool) Clock {
	due := time.Time{}
	if c.NextTurnAt != nil {
		due = *c.NextTurnAt
	}
	if !keep || !due.After(now) {
		c.NextTurnAt = nextDeadline(s, due, now)
	}
	c.Turn++
	c.ExtendedTotal, c.TurnMadeAt, c.Timing = 0, now, timing(s)
	return c
}

// nextDeadline is the deadline after a turn that was due at due. The schedule
// takes the slot that comes next for the one of the turn; an extended turn's has
// passed already, and no other one is skipped for it.
func nextDeadline(s schedule.Settings, due, now time.Time) *time.Time {
	if s.Mode == schedule.Grid && now.Before(due) {
		if slot, ok := s.Next(now); ok && slot.After(due) {
			return &slot
		}
	}
	return deadline(s.Following(due, now))
}

// Excuse is the clock of a turn that somebody is excused from: it has one more
// deadline, at most a day away. False when the schedule has none.
func (c Clock) Excuse(s schedule.Settings, now time.Time) (Clock, bool) {
	if c.NextTurnAt == nil {
		return c, false
	}
	next, ok := s.Following(*c.NextTurnAt, now)
	if !ok {
		return c, false
	}
	latest := c.NextTurnAt.Add(maxExcuse)
	if !latest.After(now) { // found due only after downtime: the time is given from now
		latest = now.Add(maxExcuse)
	}
	if next.After(latest) {
		next = latest
	}
	return c.Postpone(next.Sub(*c.NextTurnAt)), true
}

// maxExcuse is the most that an excuse extends a turn by.
const maxExcuse = 24 * time.Hour

// Postpone moves a deadline that came without the turn being made.
func (c Clock) Postpone(by time.Duration) Clock {
	if c.NextTurnAt != nil {
		at := c.NextTurnAt.Add(by)
		c.NextTurnAt = &at
		c.ExtendedTotal += by
	}
	return c
}

// Skip goes to the deadline after this one.
func (c Clock) Skip(s schedule.Settings, now time.Time) Clock {
	if c.NextTurnAt != nil {
		c.NextTurnAt = deadline(s.Following(*c.NextTurnAt, now))
		c.ExtendedTotal = 0
	}
	return c
}

func deadline(at time.Time, ok bool) *time.Time {
	if !ok {
		return nil
	}
	return &at
}

// timing identifies when a schedule's deadlines are.
func timing(s schedule.Settings) string {
	times, weekdays := strings.Join(s.Times, ","), strings.Join(s.Weekdays, ",")
	return fmt.Sprintf("%s %d %s %s %s", s.Mode, int64(s.Interval/time.Second), times, weekdays, s.Zone)
}
