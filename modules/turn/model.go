package turn

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"galaxy/backend/platform/schedule"
)

// Clock states. A stopped clock belongs to a game that is over.
const (
	clockRunning = "running"
	clockPaused  = "paused"
	clockStopped = "stopped"
)

// Clock is where a game is in time. Its methods return the clock that follows
// and change nothing.
type Clock struct {
	GameID         uuid.UUID      `db:"game_id"`
	Epoch          int            `db:"epoch"` // counts restores
	Turn           int            `db:"turn"`
	Status         string         `db:"status"`
	NextTurnAt     *time.Time     `db:"next_turn_at"`
	PausedAt       *time.Time     `db:"paused_at"`
	PauseRemaining *time.Duration `db:"pause_remaining"`
	ExtendedTotal  time.Duration  `db:"extended_total"`
	TurnMadeAt     time.Time      `db:"turn_made_at"`
	Timing         string         `db:"timing"`
}

// Running reports whether turns are made.
func (c Clock) Running() bool { return c.Status == clockRunning }

// started is the clock of a game whose engine has come up at the given turn.
func started(game uuid.UUID, turn int, s schedule.Settings, now time.Time) Clock {
	c := Clock{GameID: game, Turn: turn, Status: clockRunning, TurnMadeAt: now, Timing: timing(s)}
	c.NextTurnAt = deadline(s.First(now))
	return c
}

func (c Clock) pause(now time.Time) Clock {
	if !c.Running() {
		return c
	}
	if c.NextTurnAt != nil {
		left := schedule.Remaining(*c.NextTurnAt, now)
		c.PauseRemaining = &left
	}
	c.Status, c.NextTurnAt, c.PausedAt = clockPaused, nil, &now
	return c
}

func (c Clock) resume(s schedule.Settings, now time.Time) Clock {
	if c.Status != clockPaused {
		return c
	}
	if c.PauseRemaining != nil {
		at := schedule.Resumed(now, *c.PauseRemaining)
		c.NextTurnAt = &at
	}
	c.Status, c.PausedAt, c.PauseRemaining = clockRunning, nil, nil
	return c.reschedule(s, now)
}

func (c Clock) stop() Clock {
	c.Status, c.NextTurnAt, c.PausedAt, c.PauseRemaining = clockStopped, nil, nil, nil
	return c
}

// reschedule starts a new deadline when the schedule is another one, not when
// only what happens at the deadline was changed. A paused game gets it when it
// resumes.
func (c Clock) reschedule(s schedule.Settings, now time.Time) Clock {
	if !c.Running() || c.Timing == timing(s) {
		return c
	}
	c.Timing, c.ExtendedTotal = timing(s), 0
	c.NextTurnAt = deadline(s.Next(now))
	return c
}

// advance is the clock after a turn was made. keep leaves a deadline that has
// not come where it is.
func (c Clock) advance(s schedule.Settings, now time.Time, keep bool) Clock {
	due := time.Time{}
	if c.NextTurnAt != nil {
		due = *c.NextTurnAt
	}
	if !keep || !due.After(now) {
		c.NextTurnAt = deadline(s.Following(due, now))
	}
	c.Turn++
	c.ExtendedTotal, c.TurnMadeAt, c.Timing = 0, now, timing(s)
	return c
}

// postpone moves a deadline that came without the turn being made.
func (c Clock) postpone(by time.Duration) Clock {
	if c.NextTurnAt != nil {
		at := c.NextTurnAt.Add(by)
		c.NextTurnAt = &at
		c.ExtendedTotal += by
	}
	return c
}

// skip goes to the deadline after this one.
func (c Clock) skip(s schedule.Settings, now time.Time) Clock {
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
	return fmt.Sprintf("%s %d %s %s %s", s.Mode, int64(s.Interval/time.Second), strings.Join(s.Times, ","), strings.Join(s.Weekdays, ","), s.Zone)
}

// Run kinds.
const (
	KindTurn   = "turn"
	KindBanish = "banish"
)

// Why a run is there: the first four make a turn, the others banish a race.
const (
	CauseDue      = "due"
	CauseReady    = "ready"
	CauseManual   = "manual"
	CauseRetry    = "retry"
	CauseBlocked  = "blocked"
	CauseDeleted  = "deleted"
	CauseOperator = "operator"
	CauseRestored = "restored"
)

// Run states.
const (
	RunQueued  = "queued"
	RunRunning = "running"
	RunDone    = "done"
	RunFailed  = "failed"
)

// Run is a row of the ledger.
type Run struct {
	ID            uuid.UUID  `db:"run_id"`
	GameID        uuid.UUID  `db:"game_id"`
	Epoch         int        `db:"epoch"`
	Kind          string     `db:"kind"`
	Cause         string     `db:"cause"`
	Turn          *int       `db:"turn"` // to be made; of a banish, when it happened
	RaceName      *string    `db:"race_name"`
	KeepDeadline  bool       `db:"keep_deadline"`
	RequestedBy   string     `db:"requested_by"` // "clock", "user:<id>" or an operator's name
	RequestID     string     `db:"request_id"`
	Status        string     `db:"status"`
	Attempts      int        `db:"attempts"`
	NextAttemptAt time.Time  `db:"next_attempt_at"`
	EngineBefore  *int       `db:"engine_before"`
	EngineAfter   *int       `db:"engine_after"`
	Replayed      bool       `db:"replayed"`
	DurationMS    *int64     `db:"duration_ms"`
	ErrorCode     string     `db:"error_code"`
	Error         string     `db:"error"`
	StateHash     string     `db:"state_hash"`
	DueAt         time.Time  `db:"due_at"`
	CreatedAt     time.Time  `db:"created_at"`
	StartedAt     *time.Time `db:"started_at"`
	FinishedAt    *time.Time `db:"finished_at"`
}

// Target is the turn that a turn run makes.
func (r Run) Target() int {
	if r.Turn == nil {
		return -1
	}
	return *r.Turn
}

// Live reports whether the run has still to end.
func (r Run) Live() bool { return r.Status == RunQueued || r.Status == RunRunning }
