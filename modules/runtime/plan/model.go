package plan

import (
	"time"

	"github.com/google/uuid"
)

// Desired is what somebody asked for.
type Desired string

// What can be asked for. A removed engine has no container; its state directory
// is kept.
const (
	WantRunning Desired = "running"
	WantStopped Desired = "stopped"
	WantRemoved Desired = "removed"
)

// Observed is what was seen last.
type Observed string

// What can be seen. StartFailed and Crashed are final for their generation.
const (
	Starting    Observed = "starting"
	Running     Observed = "running"
	Unreachable Observed = "engine_unreachable"
	Stopped     Observed = "stopped"
	StartFailed Observed = "start_failed"
	Crashed     Observed = "crashed"
	Removed     Observed = "removed"
)

// Up reports whether the engine had been brought to life.
func (o Observed) Up() bool { return o == Running || o == Unreachable }

// Final reports whether only a new request goes on.
func (o Observed) Final() bool { return o == StartFailed || o == Crashed }

// Source is who asked.
type Source string

// The sources of a request.
const (
	User     Source = "user"
	Operator Source = "operator"
	System   Source = "system"
)

// State is what others may know of an engine, cached.
type State struct {
	Desired, Observed, Version string
	Generation                 int
	LastError                  string // a stable token such as image_pull_failed, or ""
}

// Record is everything kept about the engine of one game.
type Record struct {
	GameID             uuid.UUID  `db:"game_id"`
	Desired            Desired    `db:"desired"`
	Version            string     `db:"version"`
	Generation         int        `db:"generation"`
	Revision           int64      `db:"revision"`
	Source             Source     `db:"source"`
	Init               []byte     `db:"init"`
	InitializedAt      *time.Time `db:"initialized_at"`
	Observed           Observed   `db:"observed"`
	LaunchedGeneration int        `db:"launched_generation"`
	LaunchedAt         *time.Time `db:"launched_at"`
	ContainerID        string     `db:"container_id"`
	Image              string     `db:"image"`
	Endpoint           string     `db:"endpoint"`
	StateDir           string     `db:"state_dir"`
	LastSeenAt         *time.Time `db:"last_seen_at"`
	ExitCode           *int       `db:"exit_code"`
	OOM                bool       `db:"oom"`
	Failures           int        `db:"failures"`
	Restarts           int        `db:"restarts"`
	RestartsSince      *time.Time `db:"restarts_since"`
	LastError          string     `db:"last_error"` // for operators
	LastCode           string     `db:"last_code"`  // the same as a stable token, for everybody
	Settled            bool       `db:"settled"`
	CreatedAt          time.Time  `db:"created_at"`
	UpdatedAt          time.Time  `db:"updated_at"`
	// OperationID and Kind are those of the request under way, if any.
	OperationID *uuid.UUID     `db:"operation_id"`
	Kind        *OperationKind `db:"kind"`
}

// Launched reports whether a container was made for this generation.
func (r Record) Launched() bool { return r.LaunchedGeneration == r.Generation }

// State is the part of the record that others may know.
func (r Record) State() State {
	return State{
		Desired: string(r.Desired), Observed: string(r.Observed), Version: r.Version,
		Generation: r.Generation, LastError: r.LastCode,
	}
}

// Under reports whether a request of this kind is under way: a repeat of it
// changes nothing.
func (r Record) Under(kind OperationKind) bool {
	return r.OperationID != nil && r.Kind != nil && *r.Kind == kind
}

// Anew begins a generation with a clean slate.
func (r *Record) Anew() {
	r.Generation++
	r.Observed, r.Failures, r.LastCode, r.LastError = Starting, 0, "", ""
	r.Restarts, r.RestartsSince = 0, nil
}

// OperationKind is what a request asked for.
type OperationKind string

// The kinds of requests.
const (
	OpStart   OperationKind = "start"
	OpStop    OperationKind = "stop"
	OpRestart OperationKind = "restart"
	OpRemove  OperationKind = "remove"
)

// OperationStatus is how far a request has come. Superseded: a later request
// took its place before it was reached.
type OperationStatus string

// The states of an operation.
const (
	OpQueued     OperationStatus = "queued"
	OpRunning    OperationStatus = "running"
	OpSucceeded  OperationStatus = "succeeded"
	OpFailed     OperationStatus = "failed"
	OpSuperseded OperationStatus = "superseded"
)

// Operation is the row of a request: the operator's history.
type Operation struct {
	ID           uuid.UUID       `db:"operation_id"`
	GameID       uuid.UUID       `db:"game_id"`
	Kind         OperationKind   `db:"kind"`
	Source       Source          `db:"source"`
	Actor        string          `db:"actor"`
	RequestID    string          `db:"request_id"`
	Generation   int             `db:"generation"`
	Status       OperationStatus `db:"status"`
	ErrorCode    string          `db:"error_code"`
	ErrorMessage string          `db:"error_message"`
	CreatedAt    time.Time       `db:"created_at"`
	StartedAt    *time.Time      `db:"started_at"`
	FinishedAt   *time.Time      `db:"finished_at"`
}
