package runtime

import (
	"time"

	"github.com/google/uuid"
)

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

// InProgress reports whether a request of this kind is under way: a repeat of it
// changes nothing.
func (r Record) InProgress(kind OperationKind) bool {
	return r.OperationID != nil && r.Kind != nil && *r.Kind == kind
}

// BeginGeneration forgets the failures and restarts of the generation before.
func (r *Record) BeginGeneration() {
	r.Generation++
	r.Observed, r.Failures, r.LastCode, r.LastError = Starting, 0, "", ""
	r.Restarts, r.RestartsSince = 0, nil
}
