package runtime

import (
	"time"

	"github.com/google/uuid"

	enginev1 "galaxy/backend/proto/engine/v1"
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

// Spec is what a game needs to be started.
type Spec struct {
	GameID  uuid.UUID
	Version string // of the engine
	// Init founds the game. It counts until the engine has been founded once; a
	// missing seed is drawn here, so that the document stays the same.
	Init enginev1.InitRequest
}

// State is what others may know of an engine, cached.
type State struct {
	Desired, Observed, Version string
	Generation                 int
	LastError                  string // a stable token such as image_pull_failed, or ""
}

// Change is what observers hear of.
type Change struct {
	GameID            uuid.UUID
	Desired, Observed string
	Generation        int
	// Operation is the kind of the request that ended with this change, or "".
	Operation string
	// Status is the engine's own account, when Observed is running.
	Status *enginev1.Status
	// Error says why, as a stable token, when Observed is start_failed, crashed
	// or removed.
	Error  string
	Source Source // of the last request
}

// Lease is the right to work with the engine of one game, alone.
type Lease struct {
	GameID, Token uuid.UUID
	Version       string // of the engine
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
