package driver

import (
	"context"
	"net"
	"time"

	"github.com/google/uuid"
)

// Driver runs engines.
type Driver interface {
	// Ensure makes sure that the engine of the Spec runs and returns what it
	// found or made. A stopped engine of the same Spec is started again, any
	// other stopped one is replaced; ErrConflict when another one runs.
	Ensure(ctx context.Context, spec Spec) (Observed, error)
	// Stop ends the engine: a request to end, and force after the grace. No
	// engine, or one that has ended, is no error.
	Stop(ctx context.Context, game uuid.UUID, grace time.Duration) error
	// Remove forgets the engine, ending it by force if it runs. The state
	// directory stays. No engine is no error.
	Remove(ctx context.Context, game uuid.UUID) error
	// Inspect looks at one engine; PhaseAbsent when there is none.
	Inspect(ctx context.Context, game uuid.UUID) (Observed, error)
	// List looks at every engine, foreign ones included.
	List(ctx context.Context) ([]Observed, error)
	// Watch sends hints until ctx ends, then closes the channel. Hints may be
	// lost; the zero Hint says that everything is worth a look.
	Watch(ctx context.Context) <-chan Hint
	// DialContext connects to engines by their names, galaxy-game-{id}:8080,
	// and to nothing else. ErrNotFound when none runs.
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
	// Pull makes an image available.
	Pull(ctx context.Context, image string, policy PullPolicy) (PullResult, error)
	// Logs returns the last n lines of the engine's output, at most 1 MiB.
	Logs(ctx context.Context, game uuid.UUID, n int) ([]string, error)
	// Stats takes one sample of a running engine. It may take a second.
	Stats(ctx context.Context, game uuid.UUID) (Stats, error)
	// Close lets go of what the driver holds.
	Close(ctx context.Context) error
}

// Phase is the state of an engine.
type Phase string

// The phases.
const (
	PhaseAbsent Phase = "absent"
	// PhaseCreated: made and not started, or ended together with the backend.
	// Ensure starts it, and nothing crashed.
	PhaseCreated Phase = "created"
	PhaseRunning Phase = "running" // started; whether it answers is another question
	PhaseExited  Phase = "exited"
)

// Observed is an engine as the driver sees it now.
type Observed struct {
	GameID      uuid.UUID // Nil when a foreign thing names no game
	Name        string
	Version     string
	Image       string
	Generation  int64
	ContainerID string // or the process id
	Phase       Phase
	ExitCode    int // of an exited engine
	OOMKilled   bool
	Error       string // why it could not start
	StartedAt   time.Time
	FinishedAt  time.Time
	Foreign     bool // not ours to call or to change
}

// Hint says that something happened to a game's engine. The zero Hint means any.
type Hint struct {
	GameID uuid.UUID
	Action string
}

// PullPolicy says when an image is fetched.
type PullPolicy string

// The policies.
const (
	PullIfMissing PullPolicy = "if_missing"
	PullAlways    PullPolicy = "always"
	PullNever     PullPolicy = "never"
)

// PullResult says which image is there.
type PullResult struct {
	Digest string // repository@sha256:…; empty for an image that no registry knows
	Pulled bool
	// Fallback is why the pull failed, when a local image stands in for it.
	Fallback error
}

// Stats is an engine's use of resources at one moment.
type Stats struct {
	At          time.Time
	CPU         time.Duration // used since the start
	Memory      int64         // bytes
	MemoryLimit int64         // bytes; zero when there is none
	Pids        int64
}
