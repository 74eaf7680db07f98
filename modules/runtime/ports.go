package runtime

import (
	"context"

	"github.com/google/uuid"

	"galaxy/backend/modules/engineversion"
	"galaxy/backend/modules/notification"
	"galaxy/backend/platform/pg"
	enginev1 "galaxy/backend/proto/engine/v1"
)

// Observer is told of every change of an engine, in the transaction that records
// it and before runtime writes its own row. It may lock its game. An error voids
// the step, which is tried again.
type Observer interface {
	// Name orders the observers.
	Name() string
	// RuntimeChanged is called for every change of Observed, and when a request
	// ends.
	RuntimeChanged(ctx context.Context, tx *pg.Tx, c Change) error
}

// Versions knows the versions of the engine.
type Versions interface {
	Version(ctx context.Context, version string) (engineversion.Version, error)
	// StartableVersion returns nil when a new game may use the version,
	// RestartableVersion when a game may that has used it before.
	StartableVersion(ctx context.Context, version string) error
	RestartableVersion(ctx context.Context, version string) error
}

// Images is where pulls of images are queued and recorded.
type Images interface {
	NextPrefetch(ctx context.Context) (v engineversion.Version, ok bool, err error)
	RecordPrefetch(ctx context.Context, version string, state engineversion.Prefetch, reason string) error
	RecordDigest(ctx context.Context, v engineversion.Version, digest string) error
}

// Engines is the client of engines.
type Engines interface {
	Init(ctx context.Context, game uuid.UUID, req enginev1.InitRequest) (enginev1.Status, error)
	Status(ctx context.Context, game uuid.UUID) (enginev1.Status, error)
	Health(ctx context.Context, game uuid.UUID) error
}

// Notifier tells operators.
type Notifier interface {
	Submit(ctx context.Context, tx *pg.Tx, in notification.Intent) error
}
