package runtime

import (
	"time"

	"github.com/google/uuid"
)

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
