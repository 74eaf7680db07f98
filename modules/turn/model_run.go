package turn

import (
	"time"

	"github.com/google/uuid"
)

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
)

// Run states.
const (
	RunQueued  = "queued"
	RunRunning = "running"
	RunDone    = "done"
	RunFailed  = "failed"
)

// Run is something that was asked of a game's engine: a turn, or to banish a
// race.
type Run struct {
	ID            uuid.UUID  `db:"run_id"`
	GameID        uuid.UUID  `db:"game_id"`
	Epoch         int        `db:"epoch"`
	Kind          string     `db:"kind"`
	Cause         string     `db:"cause"`
	Turn          *int       `db:"turn"` // to be made; of a banishment, when it happened
	RaceName      *string    `db:"race_name"`
	KeepDeadline  bool       `db:"keep_deadline"`
	RequestedBy   string     `db:"requested_by"` // "clock", "system", "user:<id>" or an operator's name
	RequestID     string     `db:"request_id"`
	Status        string     `db:"status"`
	Attempts      int        `db:"attempts"`
	NextAttemptAt time.Time  `db:"next_attempt_at"`
	EngineBefore  *int       `db:"engine_before"` // the engine's turn before the attempt
	EngineAfter   *int       `db:"engine_after"`
	Replayed      bool       `db:"replayed"` // the engine had done it for an earlier attempt
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

// runResult is how an attempt of a run ended.
type runResult struct {
	EngineBefore, EngineAfter *int
	Replayed                  bool
	Duration                  time.Duration
	StateHash                 string
	ErrorCode, Error          string
}
